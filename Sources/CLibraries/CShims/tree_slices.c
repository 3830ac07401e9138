#include "shims_tree_slices.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define FEATURES target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,bmi,bmi2,lzcnt,popcnt")
#define VECTORS __attribute__((FEATURES))
#define PART __attribute__((FEATURES, always_inline))

int apus_slices_supported(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

// MARK: keys

// Integers in the order of the numbers; both zeros are one.
PART static inline __m512i key(__m512 values, __mmask16 *missing) {
  __mmask16 nan = _mm512_cmp_ps_mask(values, values, _CMP_UNORD_Q);
  __m512i bits = _mm512_castps_si512(_mm512_add_ps(values, _mm512_setzero_ps()));
  __m512i flipped = _mm512_and_si512(_mm512_srai_epi32(bits, 31), _mm512_set1_epi32(INT32_MAX));
  *missing |= nan;
  return _mm512_mask_mov_epi32(_mm512_xor_si512(bits, flipped), nan, _mm512_set1_epi32(INT32_MAX - 1));
}

PART static inline __m256 eight_float(const float *values, __mmask8 columns) {
  return _mm256_maskz_loadu_ps(columns, values);
}

PART static inline __m256 eight_double(const double *values, __mmask8 columns) {
  return _mm512_cvtpd_ps(_mm512_maskz_loadu_pd(columns, values));
}

// Sixteen rows of eight columns at a time, turned: four rows' columns into four columns' rows within the quarters of
// the vectors, then the quarters.
#define DEFINE_KEYS(NAME, VALUE, EIGHT) \
  VECTORS void NAME(const VALUE *values, long columns, long rows, int32_t *keys, uint8_t *missing) { \
    for (long first = 0; first < columns; first += 8) { \
      long count = columns - first < 8 ? columns - first : 8; \
      __mmask8 mask = (__mmask8)((1u << count) - 1); \
      __mmask16 nan[8] = {0}; \
      for (long row = 0; row < rows; row += 16) { \
        __m512 in[8], half[8]; \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; i++) { \
          long low = row + (i & 3) + (i & 4) * 2, high = low + 4; \
          __m256 lower = EIGHT(values + low * columns + first, low < rows ? mask : 0); \
          __m256 upper = EIGHT(values + high * columns + first, high < rows ? mask : 0); \
          in[i] = _mm512_insertf32x8(_mm512_castps256_ps512(lower), upper, 1); \
        } \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; i += 4) { \
          __m512 a = _mm512_unpacklo_ps(in[i], in[i + 1]), b = _mm512_unpackhi_ps(in[i], in[i + 1]); \
          __m512 c = _mm512_unpacklo_ps(in[i + 2], in[i + 3]), d = _mm512_unpackhi_ps(in[i + 2], in[i + 3]); \
          half[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(c))); \
          half[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(c))); \
          half[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(b), _mm512_castps_pd(d))); \
          half[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(b), _mm512_castps_pd(d))); \
        } \
        int32_t *target = keys + first * APUS_SLICE_ROWS + row; \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) { \
          __m512 left = _mm512_shuffle_f32x4(half[i], half[i + 4], 0x88); \
          __m512 right = _mm512_shuffle_f32x4(half[i], half[i + 4], 0xDD); \
          _mm512_store_si512(target + i * APUS_SLICE_ROWS, key(left, &nan[i])); \
          _mm512_store_si512(target + (i + 4) * APUS_SLICE_ROWS, key(right, &nan[i + 4])); \
        } \
      } \
      for (long i = 0; i < count; i++) missing[first + i] = nan[i] != 0; \
    } \
  }

DEFINE_KEYS(apus_slice_keys_float, float, eight_float)
DEFINE_KEYS(apus_slice_keys_double, double, eight_double)

VECTORS int apus_slice_has_infinite(const double *values, long count) {
  // The least double that rounds up to infinity: 2^128 less half a unit in the last place of float32.
  const __m512d limit = _mm512_set1_pd(0x1.ffffffp127);
  __mmask8 found = 0;
  for (long i = 0; i < count; i += 8) {
    __mmask8 present = count - i < 8 ? (__mmask8)((1u << (count - i)) - 1) : 0xFF;
    __m512d magnitude = _mm512_abs_pd(_mm512_maskz_loadu_pd(present, values + i));
    found |= _mm512_cmp_pd_mask(magnitude, limit, _CMP_GE_OQ);
  }
  return found != 0;
}

// MARK: ranks

#define TABLE(i) _mm512_load_si512(table + (i) * 16)
#define PAIR(first) _mm512_permutex2var_epi32(TABLE(first), node, TABLE((first) + 1))
// The second half by hand: compilers make four instructions of it.
#define STEP(bounds) \
  right = _mm512_cmple_epi32_mask(bounds, key); \
  node = _mm512_add_epi32(node, node); \
  __asm__("vpsubd %2, %0, %0 %{%1%}" : "+v"(node) : "Yk"(right), "v"(least));

// Down the search tree from level to level; levels of up to 16 bounds lie in one vector, of 32 in two.
PART static inline __m128i rank(const int32_t *table, __m512i key, int small) {
  __m512i node = _mm512_set1_epi32(1);
  const __m512i least = _mm512_set1_epi32(-1);
  __mmask16 right;
  STEP(_mm512_set1_epi32(table[1]))
  const __mmask16 first = right;
  STEP(_mm512_permutexvar_epi32(node, TABLE(0)))
  const __mmask16 second = right;
  STEP(_mm512_permutexvar_epi32(node, TABLE(0)))
  STEP(_mm512_permutexvar_epi32(node, TABLE(0)))
  STEP(_mm512_permutexvar_epi32(node, TABLE(1)))
  STEP(PAIR(2))
  STEP(_mm512_mask_blend_epi32(first, PAIR(4), PAIR(6)))
  if (small) return _mm512_cvtepi32_epi8(_mm512_xor_si512(node, _mm512_set1_epi32(128)));
  const __m512i left = _mm512_mask_blend_epi32(second, PAIR(8), PAIR(10));
  STEP(_mm512_mask_blend_epi32(first, left, _mm512_mask_blend_epi32(second, PAIR(12), PAIR(14))))
  return _mm512_cvtepi32_epi8(node);
}

PART static inline void rank_column(
    const int32_t *keys, long rows, int32_t nan, const int32_t *table, uint8_t *ranks, int small) {
  const __m512i missing = _mm512_set1_epi32(INT32_MAX - 1), instead = _mm512_set1_epi32(nan);
  for (long row = 0; row < rows; row += 64) {
    __m128i quarter[4];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {
      __m512i key = _mm512_load_si512(keys + row + i * 16);
      quarter[i] = rank(table, _mm512_mask_mov_epi32(key, _mm512_cmpeq_epi32_mask(key, missing), instead), small);
    }
    // Row 16v + 4l + e to place 16l + 4v + e: interleaving bytes of leaves brings them back.
    __m128i a = _mm_unpacklo_epi32(quarter[0], quarter[1]), b = _mm_unpackhi_epi32(quarter[0], quarter[1]);
    __m128i c = _mm_unpacklo_epi32(quarter[2], quarter[3]), d = _mm_unpackhi_epi32(quarter[2], quarter[3]);
    _mm_store_si128((__m128i *)(ranks + row), _mm_unpacklo_epi64(a, c));
    _mm_store_si128((__m128i *)(ranks + row + 16), _mm_unpackhi_epi64(a, c));
    _mm_store_si128((__m128i *)(ranks + row + 32), _mm_unpacklo_epi64(b, d));
    _mm_store_si128((__m128i *)(ranks + row + 48), _mm_unpackhi_epi64(b, d));
  }
}

VECTORS void apus_slice_rank(
    const int32_t *keys, long rows, int32_t nan, const int32_t *table, int levels, uint8_t *ranks) {
  if (levels == 7) {
    rank_column(keys, rows, nan, table, ranks, 1);
  } else {
    rank_column(keys, rows, nan, table, ranks, 0);
  }
}

// MARK: trees

#define GROUPS (APUS_SLICE_ROWS / 64)

// One plane of bits per node: which rows it sends to the right.
PART static inline void compare(
    const struct apus_slice_node *node, const struct apus_slice_node *end, const uint8_t *const *ranks, long groups,
    __mmask64 *planes) {
  for (; node < end; node++) {
    const __m512i bound = _mm512_set1_epi32((int)node->bound);
    const uint8_t *column = ranks[node->slot];
    __mmask64 *plane = planes + (long)node->place * GROUPS;
    if (groups == GROUPS) {
      _Pragma("clang loop unroll(full)") for (int group = 0; group < GROUPS; group++) {
        _store_mask64(plane + group, _mm512_cmpge_epu8_mask(_mm512_load_si512(column + group * 64), bound));
      }
    } else {
      for (long group = 0; group < groups; group++) {
        _store_mask64(plane + group, _mm512_cmpge_epu8_mask(_mm512_load_si512(column + group * 64), bound));
      }
    }
  }
}

#define PLANE(place) _mm512_load_si512(planes + (place) * GROUPS)
// Bit by bit: condition ? yes : no.
#define CHOOSE(condition, yes, no) _mm512_ternarylogic_epi64(condition, yes, no, 0xCA)

// The bits of the leaves' numbers, the root's first.
PART static inline void descend(const __mmask64 *planes, __m512i bits[6]) {
  bits[0] = PLANE(1);
  _Pragma("clang loop unroll(full)") for (int level = 1; level < 6; level++) {
    __m512i at[16];
    const int half = 1 << (level - 1);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < half; i++) {
      at[i] = CHOOSE(bits[0], PLANE(3 * half + i), PLANE(2 * half + i));
    }
    _Pragma("clang loop unroll(full)") for (int by = 1; by < level; by++) {
      const int rest = half >> by;
      _Pragma("clang loop unroll(full)") for (int i = 0; i < rest; i++) { at[i] = CHOOSE(bits[by], at[rest + i], at[i]); }
    }
    bits[level] = at[0];
  }
}

#define ADD(place, summands) \
  _mm512_store_ps(place, _mm512_add_ps(_mm512_load_ps(place), _mm512_castsi512_ps(summands)))
#define BIT(number, value) \
  index = _mm512_mask_add_epi8(index, _load_mask64(&numbers[number][group]), index, _mm512_set1_epi8(value))

PART static inline void add(__mmask64 numbers[6][GROUPS], const uint8_t *leaf, long groups, float *sums) {
  const __m512i table0 = _mm512_load_si512(leaf), table1 = _mm512_load_si512(leaf + 64);
  const __m512i table2 = _mm512_load_si512(leaf + 128), table3 = _mm512_load_si512(leaf + 192);
  for (long group = 0; group < groups; group++) {
    __m512i index = _mm512_maskz_set1_epi8(_load_mask64(&numbers[0][group]), 32);
    BIT(1, 16);
    BIT(2, 8);
    BIT(3, 4);
    BIT(4, 2);
    BIT(5, 1);
    __m512i byte0 = _mm512_permutexvar_epi8(index, table0), byte1 = _mm512_permutexvar_epi8(index, table1);
    __m512i byte2 = _mm512_permutexvar_epi8(index, table2), byte3 = _mm512_permutexvar_epi8(index, table3);
    __m512i low = _mm512_unpacklo_epi8(byte0, byte1), high = _mm512_unpacklo_epi8(byte2, byte3);
    float *sum = sums + group * 64;
    ADD(sum, _mm512_unpacklo_epi16(low, high));
    ADD(sum + 16, _mm512_unpackhi_epi16(low, high));
    low = _mm512_unpackhi_epi8(byte0, byte1);
    high = _mm512_unpackhi_epi8(byte2, byte3);
    ADD(sum + 32, _mm512_unpacklo_epi16(low, high));
    ADD(sum + 48, _mm512_unpackhi_epi16(low, high));
  }
}

VECTORS void apus_slice_add(
    const struct apus_slice_node *nodes, const uint32_t *starts, long trees, const uint8_t *leaves,
    const int32_t *outputs, const uint8_t *const *ranks, long rows, float *sums, void *scratch) {
  const long groups = (rows + 63) / 64;
  __mmask64 *planes = scratch;
  for (long tree = 0; tree < trees; tree++) {
    compare(nodes + starts[tree], nodes + starts[tree + 1], ranks, groups, planes);
    __m512i bits[6];
    descend(planes, bits);
    __mmask64 numbers[6][GROUPS] __attribute__((aligned(64)));
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 6; i++) _mm512_store_si512(numbers[i], bits[i]);
    add(numbers, leaves + tree * 4 * APUS_SLICE_LEAVES, groups, sums + (long)outputs[tree] * APUS_SLICE_ROWS);
  }
}

#else

int apus_slices_supported(void) { return 0; }

// Never called where they are not supported.
int apus_slice_has_infinite(const double *values, long count) { return 0; }
void apus_slice_keys_float(const float *values, long columns, long rows, int32_t *keys, uint8_t *missing) {}
void apus_slice_keys_double(const double *values, long columns, long rows, int32_t *keys, uint8_t *missing) {}
void apus_slice_rank(
    const int32_t *keys, long rows, int32_t nan, const int32_t *table, int levels, uint8_t *ranks) {}
void apus_slice_add(
    const struct apus_slice_node *nodes, const uint32_t *starts, long trees, const uint8_t *leaves,
    const int32_t *outputs, const uint8_t *const *ranks, long rows, float *sums, void *planes) {}

#endif
