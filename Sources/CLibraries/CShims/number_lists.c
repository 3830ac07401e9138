#include "shims_number_lists.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define FEATURES \
  target("avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,bmi,bmi2,lzcnt,popcnt")
#define VECTORS __attribute__((FEATURES))
#define PART __attribute__((FEATURES, always_inline))

int apus_number_lists_supported(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

// Numbers that are found before they are converted; a block of 64 bytes has no more than 32.
#define FOUND 512
#define ROOM (FOUND + 40)

struct reader {
  const uint8_t *text;
  size_t size;
  size_t position;  // of the next block
  size_t edges;     // found: an even one is where a number starts, the next one where it ends
  size_t odd;
  uint64_t number_carry;  // whether the last block ended so
  uint64_t comma_carry;
  uint64_t plain_carry;
  uint32_t edge[2 * ROOM];
  uint32_t odd_ones[ROOM];  // numbers with more than a comma and a space before them
};

enum { NUMBER = 0x80, LETTER = 0x02 };

// What can belong to a number, or to `null`, by the seven bits of ASCII.
static const uint8_t classes[128] __attribute__((aligned(64))) = {
    ['0'] = NUMBER, ['1'] = NUMBER, ['2'] = NUMBER, ['3'] = NUMBER, ['4'] = NUMBER, ['5'] = NUMBER,
    ['6'] = NUMBER, ['7'] = NUMBER, ['8'] = NUMBER, ['9'] = NUMBER, ['.'] = NUMBER, ['-'] = NUMBER,
    ['+'] = NUMBER | LETTER, ['e'] = NUMBER | LETTER, ['E'] = NUMBER | LETTER, ['n'] = NUMBER | LETTER,
    ['u'] = NUMBER | LETTER, ['l'] = NUMBER | LETTER,
};

static const uint8_t places[64] __attribute__((aligned(64))) = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59,
    60, 61, 62, 63};

// Finds the numbers of some blocks. Returns 0 for text that is not ASCII, and where a letter begins something that is
// not `null`.
PART static inline int find(struct reader *reader) {
  const __m512i table0 = _mm512_load_si512(classes), table1 = _mm512_load_si512(classes + 64);
  const __m512i commas = _mm512_set1_epi8(','), spaces = _mm512_set1_epi8(' '), letter = _mm512_set1_epi8(LETTER);
  const __m512i place = _mm512_load_si512(places);
  const uint8_t *text = reader->text;
  const size_t size = reader->size;
  uint64_t number_carry = reader->number_carry, comma_carry = reader->comma_carry, plain_carry = reader->plain_carry;
  size_t position = reader->position, edges = reader->edges, odds = reader->odd;
  __m512i all = _mm512_setzero_si512();
  while (position < size && edges < 2 * FOUND && odds < FOUND) {
    __m512i bytes;
    if (__builtin_expect(size - position >= 64, 1)) {
      bytes = _mm512_loadu_si512(text + position);
    } else {
      bytes = _mm512_maskz_loadu_epi8((1ull << (size - position)) - 1, text + position);
    }
    all = _mm512_or_si512(all, bytes);
    __m512i class = _mm512_permutex2var_epi8(table0, bytes, table1);
    uint64_t number = _mm512_movepi8_mask(class);
    uint64_t before = number << 1 | number_carry;
    uint64_t edge = number ^ before, start = number & ~before;
    uint64_t comma = _mm512_cmpeq_epi8_mask(bytes, commas) & edge;
    uint64_t plain = _mm512_cmpeq_epi8_mask(bytes, spaces) & (comma << 1 | comma_carry);
    plain |= comma | number;
    uint64_t odd = start & ~(plain << 1 | plain_carry);
    uint64_t letters = _mm512_test_epi8_mask(class, letter) & start;
    number_carry = number >> 63;
    comma_carry = comma >> 63;
    plain_carry = plain >> 63;
    for (; __builtin_expect(letters != 0, 0); letters &= letters - 1) {
      size_t at = position + (size_t)__builtin_ctzll(letters);
      if (size - at < 4 || memcmp(text + at, "null", 4) != 0) return 0;
    }
    size_t count = (size_t)_mm_popcnt_u64(edge);
    __m512i packed = _mm512_maskz_compress_epi8(edge, place);
    __m512i base = _mm512_set1_epi32((int)position);
    uint32_t *target = reader->edge + edges;
    _mm512_storeu_si512(target, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    if (__builtin_expect(count > 16, 0)) {
      __m128i part = _mm512_extracti32x4_epi32(packed, 1);
      _mm512_storeu_si512(target + 16, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(part)));
      part = _mm512_extracti32x4_epi32(packed, 2);
      _mm512_storeu_si512(target + 32, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(part)));
      part = _mm512_extracti32x4_epi32(packed, 3);
      _mm512_storeu_si512(target + 48, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(part)));
    }
    reader->odd_ones[odds] = (uint32_t)((edges + (size_t)_mm_popcnt_u64(edge & ((odd & -odd) - 1))) / 2);
    odds += odd != 0;
    for (uint64_t more = odd & (odd - 1); __builtin_expect(more != 0, 0); more &= more - 1) {
      reader->odd_ones[odds++] = (uint32_t)((edges + (size_t)_mm_popcnt_u64(edge & ((more & -more) - 1))) / 2);
    }
    edges += count;
    position += 64;
  }
  reader->position = position;
  reader->edges = edges;
  reader->odd = odds;
  reader->number_carry = number_carry;
  reader->comma_carry = comma_carry;
  reader->plain_carry = plain_carry;
  return _mm512_movepi8_mask(all) == 0;
}

// MARK: between numbers

enum gap { GAP_BAD, GAP_COMMA, GAP_ROW, GAP_END };

static inline size_t skip(const uint8_t *text, size_t size, size_t place) {
  while (place < size && (text[place] == ' ' || text[place] == '\n' || text[place] == '\r' || text[place] == '\t')) place++;
  return place;
}

// What lies between a number's end and the next one's start (`size` where there is none).
static enum gap gap(const uint8_t *text, size_t size, size_t end, size_t start, int depth, size_t *list_end) {
  size_t place = skip(text, size, end);
  if (place >= size) return GAP_BAD;
  if (text[place] == ',') return skip(text, size, place + 1) == start ? GAP_COMMA : GAP_BAD;
  if (text[place] != ']') return GAP_BAD;
  if (depth == 1) {
    *list_end = place + 1;
    return GAP_END;
  }
  place = skip(text, size, place + 1);
  if (place >= size) return GAP_BAD;
  if (text[place] == ']') {
    *list_end = place + 1;
    return GAP_END;
  }
  if (text[place] != ',') return GAP_BAD;
  place = skip(text, size, place + 1);
  if (place >= size || text[place] != '[') return GAP_BAD;
  return skip(text, size, place + 1) == start ? GAP_ROW : GAP_BAD;
}

// MARK: eight numbers

// Addresses out of memory: taking vectors apart would be slower.
#define BYTES(number) _mm_loadu_si128((const __m128i *)(text + ((const volatile uint32_t *)edge)[2 * (number) + 1] - 16))

PART static inline __m512i four(const uint8_t *text, const uint32_t *edge) {
  __m512i bytes = _mm512_castsi128_si512(BYTES(0));
  bytes = _mm512_inserti32x4(bytes, BYTES(2), 1);
  bytes = _mm512_inserti32x4(bytes, BYTES(4), 2);
  return _mm512_inserti32x4(bytes, BYTES(6), 3);
}

PART static inline __m128i words(__mmask64 even, __mmask64 odd) {
  return _mm_unpacklo_epi16(_mm_cvtsi64_si128((long long)even), _mm_cvtsi64_si128((long long)odd));
}

static const double powers[16] __attribute__((aligned(64))) = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// The numbers of even places lie in one vector, 16 bytes each and aligned at their ends, those of odd places in the other.
// Returns which of them are hard; `*values` holds the others.
PART static inline __mmask8 convert(const uint8_t *text, const uint32_t *edge, __m512d *values, __m128i *fractions) {
  const __m512i both = _mm512_loadu_si512(edge);
  // How many of 16 bytes come before the number.
  const __m512i before = _mm512_sub_epi32(
      _mm512_add_epi32(both, _mm512_set1_epi64(16)), _mm512_srli_epi64(both, 32));
  const __m512i even_places = _mm512_set_epi64(
      0x3030303030303030, 0x3030303030303030, 0x2020202020202020, 0x2020202020202020, 0x1010101010101010,
      0x1010101010101010, 0, 0);
  const __m512i odd_places = _mm512_set_epi64(
      0x3838383838383838, 0x3838383838383838, 0x2828282828282828, 0x2828282828282828, 0x1818181818181818,
      0x1818181818181818, 0x0808080808080808, 0x0808080808080808);
  const __m512i place = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  __m512i even = four(text, edge), odd = four(text, edge + 2);
  __mmask64 even_in = _mm512_cmpge_epi8_mask(place, _mm512_permutexvar_epi8(even_places, before));
  __mmask64 odd_in = _mm512_cmpge_epi8_mask(place, _mm512_permutexvar_epi8(odd_places, before));
  const __m512i point = _mm512_set1_epi8('.'), nine = _mm512_set1_epi8(9), zero = _mm512_set1_epi8('0');
  __mmask64 even_point = _mm512_mask_cmpeq_epi8_mask(even_in, even, point);
  __mmask64 odd_point = _mm512_mask_cmpeq_epi8_mask(odd_in, odd, point);
  even = _mm512_sub_epi8(even, zero);
  odd = _mm512_sub_epi8(odd, zero);
  __mmask64 even_digit = _mm512_mask_cmple_epu8_mask(even_in, even, nine);
  __mmask64 odd_digit = _mm512_mask_cmple_epu8_mask(odd_in, odd, nine);

  // One word per number, whose bits stand for its bytes.
  const __m128i digits = words(even_digit, odd_digit), points = words(even_point, odd_point);
  const __m128i zeros = words(_mm512_testn_epi8_mask(even, even), _mm512_testn_epi8_mask(odd, odd));
  const __m128i ones = _mm_set1_epi16(-1), last = _mm_set1_epi16(-0x8000), shift = _mm512_cvtepi64_epi16(before);
  const __m128i inside = _mm_sllv_epi16(ones, shift);
  const __m128i first = _mm_and_si128(inside, _mm_sub_epi16(_mm_setzero_si128(), inside));
  const __m128i sign = _mm_andnot_si128(_mm_or_si128(digits, points), inside);
  const __m128i lead = _mm_add_epi16(first, sign), twice = _mm_add_epi16(sign, sign);
  const __m128i lower = _mm_subs_epu16(points, _mm_set1_epi16(1));
  // Longer than 16 bytes; nothing behind a point or a sign; minus zero, which may be an integer.
  __m128i bad = _mm_and_si128(
      _mm_or_si128(_mm_or_si128(shift, points), _mm_or_si128(sign, _mm_and_si128(twice, zeros))), last);
  // A second point; a sign that is not the first byte; no digit where the first one must be; sixteen digits.
  bad = _mm_or_si128(bad, _mm_and_si128(points, lower));
  bad = _mm_or_si128(bad, _mm_andnot_si128(first, sign));
  bad = _mm_or_si128(bad, _mm_andnot_si128(digits, lead));
  bad = _mm_or_si128(bad, _mm_cmpeq_epi16(digits, ones));
  // A zero with digits behind it.
  const __m128i leading = _mm_and_si128(lead, zeros);
  bad = _mm_or_si128(bad, _mm_and_si128(_mm_add_epi16(leading, leading), digits));
  *fractions = _mm_or_si128(*fractions, points);

  // What stands before a point moves over it.
  const __m128i moving = _mm_shuffle_epi8(
      _mm_or_si128(points, lower), _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15));
  even = _mm512_maskz_mov_epi8(even_digit, even);
  odd = _mm512_maskz_mov_epi8(odd_digit, odd);
  even = _mm512_mask_blend_epi8((__mmask64)_mm_cvtsi128_si64(moving), even, _mm512_bslli_epi128(even, 1));
  odd = _mm512_mask_blend_epi8((__mmask64)_mm_extract_epi64(moving, 1), odd, _mm512_bslli_epi128(odd, 1));

  // Pairs of digits, then fours, then eights, then all sixteen.
  const __m512i tens = _mm512_set1_epi16(10 | 1 << 8), hundreds = _mm512_set1_epi32(100 | 1 << 16);
  even = _mm512_madd_epi16(_mm512_maddubs_epi16(even, tens), hundreds);
  odd = _mm512_madd_epi16(_mm512_maddubs_epi16(odd, tens), hundreds);
  const __m512i eights = _mm512_madd_epi16(_mm512_packus_epi32(even, odd), _mm512_set1_epi32(10000 | 1 << 16));
  const __m512i whole = _mm512_add_epi64(
      _mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)), _mm512_srli_epi64(eights, 32));

  // Digits behind the point by the last four bits of the zeros before it, which are none where there is no point. Both
  // numbers are exact as doubles, so that their quotient is the nearest double.
  const __m512i power = _mm512_lzcnt_epi64(_mm512_cvtepu16_epi64(points));
  const __m512d divisor = _mm512_permutex2var_pd(_mm512_load_pd(powers), power, _mm512_load_pd(powers + 8));
  const __m512d value = _mm512_div_pd(_mm512_cvtepi64_pd(whole), divisor);
  const __m512d minus = _mm512_castsi512_pd(_mm512_set1_epi64((long long)0x8000000000000000));
  *values = _mm512_mask_xor_pd(value, _mm_test_epi16_mask(sign, sign), value, minus);
  return _mm_test_epi16_mask(bad, bad);
}

// A group that begins less than 16 bytes after the text, or has fewer than eight numbers: from a copy.
PART static inline __mmask8 convert_few(
    const uint8_t *text, const uint32_t *edge, size_t count, __m512d *values, __m128i *fractions) {
  uint8_t copy[8 * 16];
  uint32_t edges[16];
  memset(copy, '0', sizeof copy);
  for (size_t i = 0; i < 8; i++) {
    size_t length = i < count ? edge[2 * i + 1] - edge[2 * i] : 1;
    edges[2 * i + 1] = (uint32_t)(i + 1) * 16;
    // Longer ones are hard, whatever the bytes are.
    edges[2 * i] = edges[2 * i + 1] - (uint32_t)length;
    if (i < count && length <= 16) memcpy(copy + edges[2 * i], text + edge[2 * i], length);
  }
  return convert(copy, edges, values, fractions) & (__mmask8)((1u << count) - 1);
}

// MARK: lists

static inline int finish(struct apus_number_list *list, size_t row) {
  if (list->rows == 0) list->columns = row;
  list->rows += 1;
  return row == list->columns;
}

PART static inline void store(void *values, int form, size_t place, size_t count, __m512d eight) {
  __mmask8 present = (__mmask8)((1u << count) - 1);
  if (form == APUS_NUMBERS_FLOAT) {
    _mm256_mask_storeu_ps((float *)values + place, present, _mm512_cvtpd_ps(eight));
  } else {
    _mm512_mask_storeu_pd((double *)values + place, present, eight);
  }
}

// Looks at what lies between the numbers that were found. Returns 0 where that is wrong; cuts `*count` at the list's end.
static int check(const struct reader *reader, struct apus_number_list *list, size_t *count, size_t *row_begin, size_t last_end) {
  for (size_t i = 0; i < reader->odd; i++) {
    size_t index = reader->odd_ones[i], number = list->count + index;
    if (number == 0) continue;
    size_t end = index == 0 ? last_end : reader->edge[2 * index - 1], start = reader->edge[2 * index];
    int is_usual = list->depth == 2 && start - end == 4 && memcmp(reader->text + end, "], [", 4) == 0;
    enum gap kind =
        is_usual ? GAP_ROW : gap(reader->text, reader->size, end, start, list->depth, &list->end);
    if (kind == GAP_BAD) return 0;
    if (kind == GAP_COMMA) continue;
    if (!finish(list, number - *row_begin)) return 0;
    *row_begin = number;
    if (kind == GAP_END) {
      *count = index;
      return 1;
    }
  }
  if (reader->position < reader->size) return 1;
  // No number comes after the last one.
  size_t end = reader->edges > 0 ? reader->edge[reader->edges - 1] : last_end;
  return reader->edges % 2 == 0 && list->count + *count > 0 &&
         gap(reader->text, reader->size, end, reader->size, list->depth, &list->end) == GAP_END &&
         finish(list, list->count + *count - *row_begin);
}

VECTORS int apus_number_list_read(
    const uint8_t *text, size_t size, size_t offset, int form, void *values, size_t capacity,
    apus_resolve_number *resolve, void *context, struct apus_number_list *result) {
  if (size > INT32_MAX || offset >= size || text[offset] != '[') return 0;
  struct apus_number_list list = {.depth = 1};
  size_t begin = skip(text, size, offset + 1);
  if (begin < size && text[begin] == '[') {
    list.depth = 2;
    begin = skip(text, size, begin + 1);
  }
  struct reader reader;
  reader.text = text;
  reader.size = size;
  reader.position = begin;
  reader.edges = reader.odd = 0;
  reader.number_carry = reader.comma_carry = reader.plain_carry = 0;
  size_t row_begin = 0, last_end = 0;
  __m128i fractions = _mm_setzero_si128();
  while (list.end == 0) {
    if (!find(&reader)) return 0;
    size_t count = reader.edges / 2;
    if (list.count == 0 && (count == 0 || reader.edge[0] != begin)) return 0;
    if (!check(&reader, &list, &count, &row_begin, last_end) || count > capacity - list.count) return 0;
    for (size_t i = 0; i < count; i += 8) {
      const uint32_t *edge = reader.edge + 2 * i;
      __m512d eight;
      __mmask8 difficult;
      if (__builtin_expect(count - i < 8 || edge[1] < 16, 0)) {
        size_t few = count - i < 8 ? count - i : 8;
        difficult = convert_few(text, edge, few, &eight, &fractions);
        store(values, form, list.count + i, few, eight);
      } else {
        difficult = convert(text, edge, &eight, &fractions);
        store(values, form, list.count + i, 8, eight);
      }
      for (unsigned bits = difficult; __builtin_expect(bits != 0, 0); bits &= bits - 1) {
        size_t index = (size_t)__builtin_ctz(bits);
        double value;
        if (!resolve(context, edge[2 * index], edge[2 * index + 1], &value)) return 0;
        index += list.count + i;
        if (form == APUS_NUMBERS_FLOAT) {
          float narrow = (float)value;
          if (__builtin_isinf(narrow)) return 0;
          ((float *)values)[index] = narrow;
        } else {
          ((double *)values)[index] = value;
        }
      }
    }
    list.count += count;
    if (count > 0) last_end = reader.edge[2 * count - 1];
    // The number that has begun goes with the next blocks; what lies before it has been looked at.
    size_t begun = reader.edges % 2;
    if (begun != 0) reader.edge[0] = reader.edge[reader.edges - 1];
    reader.edges = begun;
    reader.odd = 0;
  }
  if (list.depth == 1) list.rows = list.count;
  list.has_fractions = _mm_test_epi16_mask(fractions, fractions) != 0;
  *result = list;
  return 1;
}

VECTORS void apus_number_list_make_integers(void *values, size_t count) {
  for (size_t i = 0; i < count; i += 8) {
    size_t left = count - i;
    __mmask8 present = left >= 8 ? 0xFF : (__mmask8)((1u << left) - 1);
    double *place = (double *)values + i;
    _mm512_mask_storeu_epi64(place, present, _mm512_cvttpd_epi64(_mm512_maskz_loadu_pd(present, place)));
  }
}

#else

int apus_number_lists_supported(void) { return 0; }

// Never called where they are not supported.
int apus_number_list_read(
    const uint8_t *text, size_t size, size_t offset, int form, void *values, size_t capacity,
    apus_resolve_number *resolve, void *context, struct apus_number_list *list) {
  return 0;
}
void apus_number_list_make_integers(void *values, size_t count) {}

#endif
