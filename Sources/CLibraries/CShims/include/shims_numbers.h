#ifndef APUS_SHIMS_NUMBERS_H
#define APUS_SHIMS_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

/// Whether a byte of JSON ends a list of numbers, or shows that there is something else in it: a bracket, a brace, a
/// quote, or a letter of `true`, `false` and `null` that no number has.
static inline int apus_ends_numbers(uint8_t byte) {
  return byte == ']' || byte == '[' || byte == '{' || byte == '}' || byte == '"' || byte == 'u' || byte == 'l';
}

/// The offset of the first such byte, or `count`.
static inline size_t apus_numbers_end(const uint8_t *bytes, size_t count) {
  size_t offset = 0;
#if defined(__x86_64__)
  for (; count - offset >= 16; offset += 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)(bytes + offset));
    // With bit 0x20 set, `[` is `{` and `]` is `}`.
    __m128i folded = _mm_or_si128(block, _mm_set1_epi8(0x20));
    __m128i found = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')), _mm_cmpeq_epi8(folded, _mm_set1_epi8('}'))),
        _mm_or_si128(
            _mm_cmpeq_epi8(block, _mm_set1_epi8('"')),
            _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('u')), _mm_cmpeq_epi8(block, _mm_set1_epi8('l')))));
    unsigned bits = (unsigned)_mm_movemask_epi8(found);
    if (bits != 0) return offset + (size_t)__builtin_ctz(bits);
  }
#endif
  while (offset < count && !apus_ends_numbers(bytes[offset])) offset++;
  return offset;
}

#endif
