#ifndef APUS_SHIMS_BYTES_H
#define APUS_SHIMS_BYTES_H

#include <stddef.h>
#include <string.h>

/// memcmp(3) and then by length: negative, zero or positive, as for words in a dictionary.
static inline int apus_compare_bytes(const void *left, size_t left_count, const void *right, size_t right_count) {
  size_t shared = left_count < right_count ? left_count : right_count;
  int order = shared == 0 ? 0 : memcmp(left, right, shared);
  if (order != 0) return order;
  return left_count < right_count ? -1 : left_count > right_count;
}

#endif
