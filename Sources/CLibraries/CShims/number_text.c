#include "shims_number_text.h"

#include <string.h>

// Powers of ten that are exact in 64 bits, their leading bit first: 5^0 to 5^27 shifted to the left.
static const uint64_t powers[] = {
    0x8000000000000000, 0xA000000000000000, 0xC800000000000000, 0xFA00000000000000,
    0x9C40000000000000, 0xC350000000000000, 0xF424000000000000, 0x9896800000000000,
    0xBEBC200000000000, 0xEE6B280000000000, 0x9502F90000000000, 0xBA43B74000000000,
    0xE8D4A51000000000, 0x9184E72A00000000, 0xB5E620F480000000, 0xE35FA931A0000000,
    0x8E1BC9BF04000000, 0xB1A2BC2EC5000000, 0xDE0B6B3A76400000, 0x8AC7230489E80000,
    0xAD78EBC5AC620000, 0xD8D726B7177A8000, 0x878678326EAC9000, 0xA968163F0A57B400,
    0xD3C21BCECCEDA100, 0x84595161401484A0, 0xA56FA5B99019A5C8, 0xCECB8F27F4200F3A,
};

// The leading 64 bits of power · factor / 2^64; the last bit tells whether anything was lost as well.
static inline uint64_t scaled(uint64_t power, uint64_t factor) {
  unsigned __int128 product = (unsigned __int128)power * factor;
  return (uint64_t)(product >> 64) | ((uint64_t)product != 0);
}

// Eight decimal digits as bytes, the first one lowest.
static inline uint64_t eight_digits(uint32_t value) {
  uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
  uint64_t high = (fours * 10486 >> 20) & 0x0000007F0000007F;
  uint64_t twos = high | (fours - high * 100) << 16;
  high = (twos * 103 >> 10) & 0x000F000F000F000F;
  return high | (twos - high * 10) << 8;
}

static inline size_t leading_zeros(uint64_t digits) { return digits == 0 ? 8 : (size_t)__builtin_ctzll(digits) / 8; }
static inline size_t trailing_zeros(uint64_t digits) { return digits == 0 ? 8 : (size_t)__builtin_clzll(digits) / 8; }

size_t apus_write_double(double value, uint8_t *text) {
  uint64_t bits;
  memcpy(&bits, &value, 8);
  size_t sign = bits >> 63;
  *text = '-';
  uint8_t *out = text + sign;
  double magnitude = sign ? -value : value;
  // Python writes the others with exponents, or has no digits for them.
  if (!(magnitude >= 1e-4 && magnitude < 1e15)) {
    if (magnitude != 0) return 0;
    memcpy(out, "0.0", 3);
    return sign + 3;
  }
  uint64_t fraction = bits & 0xFFFFFFFFFFFFF;
  int exponent = (int)(bits >> 52 & 0x7FF) - 1075;
  uint64_t whole = fraction | 1ull << 52;
  uint64_t decimal;
  int power;
  if (exponent >= -52 && exponent <= 0 && (whole & ((1ull << -exponent) - 1)) == 0) {
    decimal = whole >> -exponent;
    power = 0;
  } else {
    // The neighbors' halves around the value, times four, as multiples of 10^power: the last two bits are fractions of it.
    int is_closer = fraction == 0;
    power = (exponent * 1262611 - (is_closer ? 524031 : 0)) >> 22;
    int shift = exponent + ((-power * 1741647) >> 19) + 1;
    uint64_t g = powers[-power];
    uint64_t lower = scaled(g, (4 * whole - 2 + (uint64_t)is_closer) << shift);
    uint64_t middle = scaled(g, 4 * whole << shift);
    uint64_t upper = scaled(g, (4 * whole + 2) << shift);
    // Only even significands own the halves themselves.
    lower += whole & 1;
    upper -= whole & 1;
    // Without branches, which nothing could predict.
    uint64_t below = middle / 4, tens = below / 10;
    unsigned tens_low = lower <= 40 * tens, tens_high = 40 * tens + 40 <= upper;
    unsigned low = lower <= 4 * below, high = 4 * below + 4 <= upper;
    unsigned rounded = (middle & 3) + (below & 1) > 2;
    unsigned up = low != high ? high : rounded;
    unsigned is_shorter = tens_low != tens_high;
    decimal = is_shorter != 0 ? tens : below;
    decimal += is_shorter != 0 ? tens_high : up;
    power += (int)is_shorter;
  }
  // 17 digits, the first of them alone.
  uint64_t first = decimal / 10000000000000000, rest = decimal % 10000000000000000;
  uint64_t high = eight_digits((uint32_t)(rest / 100000000)), low = eight_digits((uint32_t)(rest % 100000000));
  uint8_t digits[40];
  size_t begin = 0, end = 17;
  if (first == 0) begin = 1 + leading_zeros(high);
  if (begin == 9) begin += leading_zeros(low);
  end -= trailing_zeros(low);
  if (end == 9) end -= trailing_zeros(high);
  const uint64_t zeros = 0x3030303030303030;
  high |= zeros;
  low |= zeros;
  digits[0] = (uint8_t)('0' + first);
  memcpy(digits + 1, &high, 8);
  memcpy(digits + 9, &low, 8);
  memcpy(digits + 17, &zeros, 8);
  // Digits before the point.
  int point = 17 - (int)begin + power;
  if (point <= 0) {
    memcpy(out, "0.000000", 8);
    out += 2 - point;
    memcpy(out, digits + begin, 17);
    return (size_t)(out - text) + end - begin;
  }
  uint8_t *at = out + point;
  memcpy(out, digits + begin, 17);
  *at = '.';
  if (begin + (size_t)point >= end) {
    at[1] = '0';
    return (size_t)(at - text) + 2;
  }
  memcpy(at + 1, digits + begin + point, point > 8 ? 9 : 16);
  return (size_t)(at - text) + 1 + end - begin - (size_t)point;
}
