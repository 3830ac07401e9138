#include "shims_plain_numbers.h"

#include <string.h>

#include "shims_numbers.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "shims_number_lists.h"

// Walks from comma to comma: 64 bytes are compared at once, so that no number waits for the one before it.
struct walk {
  const uint8_t *text;
  size_t length;
  size_t block;  // where the present mask begins
  uint64_t commas;
};

static inline uint64_t commas_of(const uint8_t *bytes) {
  const __m128i comma = _mm_set1_epi8(',');
  uint64_t mask = 0;
  for (int part = 0; part < 4; part++) {
    __m128i block = _mm_loadu_si128((const __m128i *)(bytes + 16 * part));
    mask |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, comma)) << (16 * part);
  }
  return mask;
}

static inline void look(struct walk *walk) {
  size_t left = walk->length - walk->block;
  if (left >= 64) {
    walk->commas = commas_of(walk->text + walk->block);
    return;
  }
  uint8_t rest[64] = {0};
  memcpy(rest, walk->text + walk->block, left);
  walk->commas = commas_of(rest);
}

// Where the number ends: at a comma, or at the list's end.
static inline size_t next_end(struct walk *walk) {
  while (walk->commas == 0) {
    if (walk->length - walk->block <= 64) return walk->length;
    walk->block += 64;
    look(walk);
  }
  size_t end = walk->block + (size_t)__builtin_ctzll(walk->commas);
  walk->commas &= walk->commas - 1;
  return end;
}

// The bytes before `end`, the last one in the highest place; those before the list are zeros.
static inline uint64_t eight_before(const uint8_t *text, size_t end) {
  uint64_t bytes = 0;
  if (end >= 8) {
    memcpy(&bytes, text + end - 8, 8);
    return bytes;
  }
  if (end == 0) return 0;
  memcpy(&bytes, text, end);
  return bytes << (64 - 8 * end);
}

// The number of the last `count` (1 to 8) of eight bytes; *bad is set where one is no digit.
static inline uint32_t digits(uint64_t bytes, size_t count, uint64_t *bad) {
  uint64_t wanted = ~0ull << (64 - 8 * count);
  uint64_t value = (bytes ^ 0x3030303030303030ull) & wanted;
  *bad |= ((value + 0x7676767676767676ull) | value) & 0x8080808080808080ull;
  value = value * 10 + (value >> 8);
  return (uint32_t)(((value & 0x000000FF000000FFull) * 0x000F424000000064ull +
                     ((value >> 16) & 0x000000FF000000FFull) * 0x0000271000000001ull) >>
                    32);
}

static size_t integers_by_one(const uint8_t *text, size_t length, size_t *offset, int32_t *values, size_t capacity) {
  size_t start = *offset, count = 0;
  if (start >= length) return 0;
  struct walk walk = {text, length, start, 0};
  look(&walk);
  while (count < capacity && start <= length) {
    size_t end = next_end(&walk);
    size_t negative = end > start && text[start] == '-';
    size_t width = end - start - negative;
    if (width - 1 >= 8) break;
    uint64_t bad = 0;
    int32_t value = (int32_t)digits(eight_before(text, end), width, &bad);
    if (bad != 0) break;
    values[count++] = negative ? -value : value;
    start = end + 1;
  }
  *offset = start;
  return count;
}

#define WIDE target("avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi2,bmi,bmi2,lzcnt,popcnt")

// Eight numbers: where each ends, and where the one before it ends; which of them are there.
struct eight {
  const uint8_t *text;
  __m512i end, before;
  __mmask8 present;
};

// The number of the last `width` (1 to 8) of eight bytes each. Sets the bits in *bad of those where one is no digit.
__attribute__((WIDE, always_inline)) static inline __m512i eight_digits(__m512i bytes, __m512i width, __mmask8 *bad) {
  const __m512i ones = _mm512_set1_epi64(-1), eight = _mm512_set1_epi64(8);
  // Shifts by 64 and more, of numbers that are too long or empty, give zeros.
  __m512i wanted = _mm512_sllv_epi64(ones, _mm512_slli_epi64(_mm512_sub_epi64(eight, width), 3));
  __m512i value = _mm512_and_si512(_mm512_xor_si512(bytes, _mm512_set1_epi8('0')), wanted);
  __m512i wrong = _mm512_maskz_mov_epi8(_mm512_cmpgt_epu8_mask(value, _mm512_set1_epi8(9)), ones);
  *bad |= _mm512_test_epi64_mask(wrong, wrong);
  value = _mm512_maddubs_epi16(value, _mm512_set1_epi16(10 | 1 << 8));
  value = _mm512_madd_epi16(value, _mm512_set1_epi32(100 | 1 << 16));
  return _mm512_add_epi64(_mm512_mul_epu32(value, _mm512_set1_epi64(10000)), _mm512_srli_epi64(value, 32));
}

// Stores what they are; returns which of them are of another form.
__attribute__((WIDE, always_inline)) static inline __mmask8 eight_integers(struct eight eight, __m256i *result) {
  const __m512i ones = _mm512_set1_epi64(-1);
  __m512i width = _mm512_add_epi64(_mm512_sub_epi64(eight.end, eight.before), ones);
  __m512i bytes =
      _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), eight.present, eight.end, eight.text - 8, 1);
  __m512i unused = _mm512_slli_epi64(_mm512_sub_epi64(_mm512_set1_epi64(8), width), 3);
  __m512i first = _mm512_sllv_epi64(_mm512_set1_epi64(0xFF), unused);
  __m512i minus = _mm512_and_si512(_mm512_set1_epi8('-'), first);
  __mmask8 negative =
      _mm512_cmpeq_epi64_mask(_mm512_and_si512(bytes, first), minus) & _mm512_test_epi64_mask(first, first);
  width = _mm512_mask_add_epi64(width, negative, width, ones);
  __mmask8 bad = _mm512_cmpge_epu64_mask(_mm512_add_epi64(width, ones), _mm512_set1_epi64(8));
  __m512i value = eight_digits(bytes, width, &bad);
  value = _mm512_mask_sub_epi64(value, negative, _mm512_setzero_si512(), value);
  *result = _mm512_cvtepi64_epi32(value);
  return bad;
}

// Fractions are so long that a block holds five: for those one at a time is as quick.
__attribute__((WIDE)) static size_t integers_by_eight(
    const uint8_t *text, size_t length, size_t *offset, int32_t *values, size_t capacity) {
  size_t start = *offset, count = 0;
  int32_t ends[1 + 64 + 16];
  ends[0] = (int32_t)start - 1;
  // The list's begin, behind bytes that may be looked at.
  uint8_t front[8 + 80] = {0};
  const __m512i places = _mm512_set_epi8(
      63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34,
      33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2,
      1, 0);
  for (size_t block = start; block <= length; block += 64) {
    const uint8_t *from = text;
    if (block < 8) {
      memcpy(front + 8, text, length + 1 < 80 ? length + 1 : 80);
      from = front + 8;
    }
    size_t left = length - block;
    __mmask64 inside = left >= 64 ? ~0ull : (1ull << left) - 1;
    __mmask64 found = _mm512_mask_cmpeq_epi8_mask(
        inside, _mm512_maskz_loadu_epi8(inside, text + block), _mm512_set1_epi8(','));
    // The list ends its last number.
    if (left < 64) found |= 1ull << left;
    size_t total = (size_t)_mm_popcnt_u64(found);
    __m512i packed = _mm512_maskz_compress_epi8(found, places), base = _mm512_set1_epi32((int)block);
    _mm512_storeu_si512(ends + 1, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    _mm512_storeu_si512(
        ends + 17, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1))));
    if (total > 32) {
      _mm512_storeu_si512(
          ends + 33, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2))));
      _mm512_storeu_si512(
          ends + 49, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3))));
    }
    for (size_t done = 0; done < total; done += 8) {
      size_t room = total - done < 8 ? total - done : 8;
      if (room > capacity - count) room = capacity - count;
      struct eight eight = {
          from, _mm512_cvtepi32_epi64(_mm256_loadu_si256((const __m256i *)(ends + 1 + done))),
          _mm512_cvtepi32_epi64(_mm256_loadu_si256((const __m256i *)(ends + done))), (__mmask8)((1u << room) - 1)};
      __m256i read;
      unsigned difficult = (unsigned)(eight.present & eight_integers(eight, &read));
      size_t good = difficult != 0 ? (size_t)__builtin_ctz(difficult) : room;
      _mm256_mask_storeu_epi32(values + count, (__mmask8)((1u << good) - 1), read);
      count += good;
      if (good < 8 && good < total - done) {
        *offset = (size_t)ends[done + good] + 1;
        return count;
      }
    }
    ends[0] = ends[total];
  }
  *offset = length + 1;
  return count;
}

size_t apus_plain_integers(
    const uint8_t *text, size_t length, size_t *offset, int32_t *values, size_t capacity) {
  if (*offset >= length) return 0;
  return length < INT32_MAX && apus_number_lists_supported() ? integers_by_eight(text, length, offset, values, capacity)
                                                             : integers_by_one(text, length, offset, values, capacity);
}

__attribute__((WIDE)) static size_t list_end_by_64(const uint8_t *bytes, size_t count) {
  size_t offset = 0;
  for (; count - offset >= 64; offset += 64) {
    __m512i block = _mm512_loadu_si512(bytes + offset);
    __m512i folded = _mm512_or_si512(block, _mm512_set1_epi8(0x20));
    __mmask64 found = _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('{')) |
                      _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('}')) |
                      _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('"')) |
                      _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('u')) |
                      _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('l'));
    if (found != 0) return offset + (size_t)__builtin_ctzll(found);
  }
  return offset + apus_numbers_end(bytes + offset, count - offset);
}

size_t apus_list_end(const uint8_t *bytes, size_t count) {
  return apus_number_lists_supported() ? list_end_by_64(bytes, count) : apus_numbers_end(bytes, count);
}

static const uint32_t tens[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

// Exact as doubles.
static const double powers[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// One number of the form [-]D[.D…]E[-]D[D]; 0 where it has another one.
static inline int plain_float(const uint8_t *text, size_t start, size_t end, float *result) {
  size_t negative = text[start] == '-';
  start += negative;
  if (end - start < 3 || end - start > 14) return 0;
  // The last four bytes hold the E: at the first, second or third place.
  uint64_t before = eight_before(text, end);
  uint32_t last = (uint32_t)(before >> 32);
  uint32_t letters = last ^ 0x45454545u;
  uint32_t found = (letters - 0x01010101u) & ~letters & 0x80808080u;
  if (found == 0) return 0;
  unsigned place = (unsigned)__builtin_ctz(found) >> 3;
  if (place > 2) return 0;
  uint32_t power_text = last >> (8 * place + 8);
  unsigned power_length = 3 - place;
  unsigned is_down = (power_text & 0xFF) == '-';
  power_text >>= 8 * is_down;
  power_length -= is_down;
  if (power_length - 1 > 1) return 0;
  uint32_t high = (power_text & 0xFF) - '0', low = ((power_text >> 8) & 0xFF) - '0';
  if (high > 9 || (power_length == 2 && low > 9)) return 0;
  int power = (int)(power_length == 2 ? high * 10 + low : high);
  if (is_down) power = -power;

  size_t letter = end - 4 + place;
  uint32_t first = text[start] - (uint32_t)'0';
  if (first > 9 || letter <= start) return 0;
  uint64_t significand = first;
  if (letter - start > 1) {
    size_t width = letter - start - 2;
    if (text[start + 1] != '.' || width - 1 >= 8) return 0;
    uint64_t bad = 0;
    significand = significand * tens[width] + digits(eight_before(text, letter), width, &bad);
    if (bad != 0) return 0;
    power -= (int)width;
  }
  if (power < -22 || power > 22) return 0;
  // Both are exact, so that one operation gives the nearest double (W. D. Clinger, 1990).
  double value = power < 0 ? (double)significand / powers[-power] : (double)significand * powers[power];
  uint64_t bits;
  memcpy(&bits, &value, 8);
  // Midway between two float32: rounding once more could err.
  if ((bits & 0x1FFFFFFFu) == 0x10000000u) return 0;
  // Signs come in no order that a processor could foresee.
  bits |= (uint64_t)negative << 63;
  memcpy(&value, &bits, 8);
  *result = (float)value;
  return 1;
}

size_t apus_plain_floats(const uint8_t *text, size_t length, size_t *offset, float *values, size_t capacity) {
  size_t start = *offset, count = 0;
  if (start >= length) return 0;
  struct walk walk = {text, length, start, 0};
  look(&walk);
  while (count < capacity && start < length) {
    size_t end = next_end(&walk);
    if (!plain_float(text, start, end, &values[count])) break;
    count++;
    start = end + 1;
  }
  *offset = start;
  return count;
}

#else

size_t apus_list_end(const uint8_t *bytes, size_t count) { return apus_numbers_end(bytes, count); }

size_t apus_plain_integers(
    const uint8_t *text, size_t length, size_t *offset, int32_t *values, size_t capacity) {
  (void)text, (void)length, (void)offset, (void)values, (void)capacity;
  return 0;
}

size_t apus_plain_floats(const uint8_t *text, size_t length, size_t *offset, float *values, size_t capacity) {
  (void)text, (void)length, (void)offset, (void)values, (void)capacity;
  return 0;
}

#endif
