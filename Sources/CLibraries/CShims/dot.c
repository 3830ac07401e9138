#include "shims_dot.h"

#include <math.h>

typedef double (*dot_function)(const double *x, const double *y, long count);

// The compiler must not fuse or reorder the steps that are not fused here.
#pragma STDC FP_CONTRACT OFF

static double fold(const double partial[16]) {
  double pairs[4][2];
  for (int group = 0; group < 4; group++) {
    for (int lane = 0; lane < 2; lane++) {
      pairs[group][lane] = partial[4 * group + lane] + partial[4 * group + 2 + lane];
    }
  }
  double first = (pairs[0][0] + pairs[1][0]) + (pairs[2][0] + pairs[3][0]);
  double second = (pairs[0][1] + pairs[1][1]) + (pairs[2][1] + pairs[3][1]);
  return first + second;
}

// The same loop twice: inlined into a function for AVX2 and FMA, and into one for any processor, where fma()
// is slow.
static inline __attribute__((always_inline)) double dot_body(const double *x, const double *y, long count) {
  long blocks = count & ~15L;
  double sum = 0;
  if (blocks > 0) {
    double partial[16] = {0};
    for (long start = 0; start < blocks; start += 16) {
      for (int lane = 0; lane < 16; lane++) {
        partial[lane] = __builtin_fma(x[start + lane], y[start + lane], partial[lane]);
      }
    }
    sum = fold(partial);
  }
  for (long index = blocks; index < count; index++) {
    sum += y[index] * x[index];
  }
  return sum;
}

static double dot_portable(const double *x, const double *y, long count) { return dot_body(x, y, count); }

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static double dot_avx2(const double *x, const double *y, long count) {
  return dot_body(x, y, count);
}

static dot_function choose_dot(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? dot_avx2 : dot_portable;
}
#else
static dot_function choose_dot(void) { return dot_portable; }
#endif

void apus_dot_products(const double *row, const double *vectors, long count, long width, double *results) {
  dot_function dot = choose_dot();
  for (long index = 0; index < count; index++) {
    results[index] = dot(row, vectors + index * width, width);
  }
}

void apus_squared_distances(
    const double *row, const double *vectors, long count, long width, double *scratch, double *results) {
  dot_function dot = choose_dot();
  for (long index = 0; index < count; index++) {
    const double *vector = vectors + index * width;
    for (long feature = 0; feature < width; feature++) {
      scratch[feature] = row[feature] - vector[feature];
    }
    results[index] = dot(scratch, scratch, width);
  }
}
