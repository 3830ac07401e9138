#include "shims_rank_trees.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VECTORS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2,lzcnt,popcnt")))

int apus_rank_trees_supported(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("popcnt");
}

// How many of 16 ascending numbers are not above the key.
VECTORS static inline unsigned count32(const int32_t *block, int32_t key) {
  return _mm_popcnt_u32(_mm512_cmple_epi32_mask(_mm512_loadu_si512(block), _mm512_set1_epi32(key)));
}

VECTORS static inline unsigned count64(const int64_t *block, int64_t key) {
  __m512i keys = _mm512_set1_epi64(key);
  unsigned low = _mm512_cmple_epi64_mask(_mm512_loadu_si512(block), keys);
  unsigned high = _mm512_cmple_epi64_mask(_mm512_loadu_si512(block + 8), keys);
  return _mm_popcnt_u32(low | high << 8);
}

#define DEFINE_RANK_ROW(NAME, KEY, COUNT) \
  VECTORS void NAME( \
      const KEY *keys, long slots, const KEY *bounds, const uint32_t *starts, const KEY *pivots, \
      const uint32_t *pivot_starts, const uint32_t *blocks, uint16_t *ranks) { \
    for (long slot = 0; slot < slots; slot++) { \
      KEY key = keys[slot]; \
      unsigned block = 0; \
      if (blocks[slot] > 1) { \
        const KEY *pivot = pivots + pivot_starts[slot]; \
        unsigned first = 0, left = blocks[slot]; \
        while (left > APUS_RANK_BLOCK) { \
          unsigned half = left / 2; \
          first = pivot[first + half - 1] <= key ? first + half : first; \
          left -= half; \
        } \
        block = first + COUNT(pivot + first, key); \
        if (block > blocks[slot]) block = blocks[slot]; \
      } \
      ranks[slot] = (uint16_t)(block * APUS_RANK_BLOCK + COUNT(bounds + starts[slot] + block * APUS_RANK_BLOCK, key)); \
    } \
  }

DEFINE_RANK_ROW(apus_rank_row, int32_t, count32)
DEFINE_RANK_ROW(apus_rank_row_wide, int64_t, count64)

// The nodes of 32 places that send the row to the right.
VECTORS static inline __mmask32 rights(const uint8_t *slots, const uint16_t *bounds, __m512i low, __m512i high) {
  __m512i places = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)slots));
  __m512i ranks = _mm512_permutex2var_epi16(low, places, high);
  return _mm512_cmpge_epu16_mask(ranks, _mm512_loadu_si512(bounds));
}

#define LOAD_RANKS \
  __m512i low = _mm512_loadu_si512(ranks); \
  __m512i high = _mm512_loadu_si512(ranks + 32);

// 2 · node + (bit number `node` of `right`): two instructions, where the compiler finds three.
static inline uint64_t child(uint64_t node, uint64_t right) {
  __asm__("bt %1, %2\n\tadc %0, %0" : "=r"(node) : "0"(node), "r"(right) : "cc");
  return node;
}

VECTORS void apus_rank_trees_complete5(
    const uint8_t *slots, const uint16_t *bounds, long trees, const uint16_t *ranks, uint32_t *leaves) {
  LOAD_RANKS
  for (long tree = 0; tree < trees; tree++) {
    uint64_t right = rights(slots + tree * 32, bounds + tree * 32, low, high);
    uint64_t node = 1;
    for (int level = 0; level < 5; level++) node = child(node, right);
    leaves[tree] = (uint32_t)tree * 32 + (uint32_t)(node - 32);
  }
}

VECTORS void apus_rank_trees_complete6(
    const uint8_t *slots, const uint16_t *bounds, long trees, const uint16_t *ranks, uint32_t *leaves) {
  LOAD_RANKS
  for (long tree = 0; tree < trees; tree++) {
    uint64_t right = rights(slots + tree * 64, bounds + tree * 64, low, high);
    right |= (uint64_t)rights(slots + tree * 64 + 32, bounds + tree * 64 + 32, low, high) << 32;
    uint64_t node = 1;
    for (int level = 0; level < 6; level++) node = child(node, right);
    leaves[tree] = (uint32_t)tree * 64 + (uint32_t)(node - 64);
  }
}

VECTORS void apus_rank_trees_masks32(
    const uint8_t *slots, const uint16_t *bounds, const uint32_t *masks, long trees, const uint16_t *ranks,
    uint32_t *leaves) {
  LOAD_RANKS
  const __m512i all = _mm512_set1_epi32(-1);
  for (long tree = 0; tree < trees; tree++) {
    __mmask32 right = rights(slots + tree * 32, bounds + tree * 32, low, high);
    const uint32_t *mask = masks + tree * 32;
    __m512i possible = _mm512_mask_loadu_epi32(all, (__mmask16)right, mask);
    possible = _mm512_mask_and_epi32(possible, (__mmask16)(right >> 16), possible, _mm512_loadu_si512(mask + 16));
    leaves[tree] = (uint32_t)tree * 32 + _tzcnt_u32(_mm512_reduce_and_epi32(possible));
  }
}

VECTORS void apus_rank_trees_masks64(
    const uint8_t *slots, const uint16_t *bounds, const uint64_t *masks, long trees, const uint16_t *ranks,
    uint32_t *leaves) {
  LOAD_RANKS
  const __m512i all = _mm512_set1_epi64(-1);
  for (long tree = 0; tree < trees; tree++) {
    uint64_t right = rights(slots + tree * 64, bounds + tree * 64, low, high);
    right |= (uint64_t)rights(slots + tree * 64 + 32, bounds + tree * 64 + 32, low, high) << 32;
    const uint64_t *mask = masks + tree * 64;
    __m512i even = all, odd = all;
    for (int part = 0; part < 8; part += 2) {
      even = _mm512_mask_and_epi64(even, (__mmask8)(right >> part * 8), even, _mm512_loadu_si512(mask + part * 8));
      odd = _mm512_mask_and_epi64(odd, (__mmask8)(right >> (part * 8 + 8)), odd, _mm512_loadu_si512(mask + part * 8 + 8));
    }
    uint64_t possible = _mm512_reduce_and_epi64(_mm512_and_si512(even, odd));
    leaves[tree] = (uint32_t)tree * 64 + (uint32_t)_tzcnt_u64(possible);
  }
}

#else

int apus_rank_trees_supported(void) { return 0; }

// Never called where they are not supported.
void apus_rank_row(
    const int32_t *keys, long slots, const int32_t *bounds, const uint32_t *starts, const int32_t *pivots,
    const uint32_t *pivot_starts, const uint32_t *blocks, uint16_t *ranks) {}
void apus_rank_row_wide(
    const int64_t *keys, long slots, const int64_t *bounds, const uint32_t *starts, const int64_t *pivots,
    const uint32_t *pivot_starts, const uint32_t *blocks, uint16_t *ranks) {}
void apus_rank_trees_complete5(
    const uint8_t *slots, const uint16_t *bounds, long trees, const uint16_t *ranks, uint32_t *leaves) {}
void apus_rank_trees_complete6(
    const uint8_t *slots, const uint16_t *bounds, long trees, const uint16_t *ranks, uint32_t *leaves) {}
void apus_rank_trees_masks32(
    const uint8_t *slots, const uint16_t *bounds, const uint32_t *masks, long trees, const uint16_t *ranks,
    uint32_t *leaves) {}
void apus_rank_trees_masks64(
    const uint8_t *slots, const uint16_t *bounds, const uint64_t *masks, long trees, const uint16_t *ranks,
    uint32_t *leaves) {}

#endif
