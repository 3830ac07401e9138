#include "shims_fused.h"

// The compiler must not fuse or reorder the steps that are not fused here.
#pragma STDC FP_CONTRACT OFF

enum { TILE = 32 };

// How many of the remaining steps OpenBLAS sums up at once: blocks of `most`, the last two of them shared out evenly.
static inline __attribute__((always_inline)) long block_depth(long remaining, long most, long unroll) {
  if (remaining >= 2 * most) return most;
  if (remaining > most) return (remaining / 2 + unroll - 1) / unroll * unroll;
  return remaining;
}

// The same loops for both precisions, inlined into functions for AVX2 and FMA and for any processor.
#define FUSED_BODY(TYPE, FMA, MOST, UNROLL)                                                        \
  for (long start = 0; start < width; start += TILE) {                                             \
    long count = width - start < TILE ? width - start : TILE;                                      \
    TYPE total[TILE] = {0};                                                                        \
    long done = 0;                                                                                 \
    while (done < depth) {                                                                         \
      long steps = block_depth(depth - done, MOST, UNROLL);                                        \
      TYPE partial[TILE] = {0};                                                                    \
      if (count == TILE) {                                                                         \
        for (long k = done; k < done + steps; k++) {                                               \
          const TYPE *line = matrix + k * width + start;                                           \
          for (int j = 0; j < TILE; j++) partial[j] = FMA(row[k], line[j], partial[j]);            \
        }                                                                                          \
      } else {                                                                                     \
        for (long k = done; k < done + steps; k++) {                                               \
          const TYPE *line = matrix + k * width + start;                                           \
          for (long j = 0; j < count; j++) partial[j] = FMA(row[k], line[j], partial[j]);          \
        }                                                                                          \
      }                                                                                            \
      for (int j = 0; j < TILE; j++) total[j] += partial[j];                                       \
      done += steps;                                                                               \
    }                                                                                              \
    for (long j = 0; j < count; j++) results[start + j] = total[j];                                \
  }

typedef void (*double_function)(const double *, const double *, long, long, double *);
typedef void (*float_function)(const float *, const float *, long, long, float *);

static void double_portable(const double *row, const double *matrix, long depth, long width, double *results) {
  FUSED_BODY(double, __builtin_fma, 256, 4)
}

static void float_portable(const float *row, const float *matrix, long depth, long width, float *results) {
  FUSED_BODY(float, __builtin_fmaf, 320, 8)
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void double_avx2(
    const double *row, const double *matrix, long depth, long width, double *results) {
  FUSED_BODY(double, __builtin_fma, 256, 4)
}

__attribute__((target("avx2,fma"))) static void float_avx2(
    const float *row, const float *matrix, long depth, long width, float *results) {
  FUSED_BODY(float, __builtin_fmaf, 320, 8)
}

static int has_fma(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
static double_function choose_double(void) { return has_fma() ? double_avx2 : double_portable; }
static float_function choose_float(void) { return has_fma() ? float_avx2 : float_portable; }
#else
static double_function choose_double(void) { return double_portable; }
static float_function choose_float(void) { return float_portable; }
#endif

void apus_fused_products(const double *row, const double *matrix, long depth, long width, double *results) {
  choose_double()(row, matrix, depth, width, results);
}

void apus_fused_products_single(
    const float *row, const float *matrix, long depth, long width, float *results) {
  choose_float()(row, matrix, depth, width, results);
}
