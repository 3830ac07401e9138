#ifndef APUS_SHIMS_MATH_H
#define APUS_SHIMS_MATH_H

#include <math.h>

// glibc's own functions, so that results are bit-equal to what numpy and libsvm compute through libm.
static inline double apus_exp(double value) { return exp(value); }
static inline float apus_expf(float value) { return expf(value); }
static inline double apus_log(double value) { return log(value); }
static inline float apus_logf(float value) { return logf(value); }
static inline double apus_pow(double base, double exponent) { return pow(base, exponent); }
static inline double apus_tanh(double value) { return tanh(value); }
static inline double apus_sqrt(double value) { return sqrt(value); }

#endif
