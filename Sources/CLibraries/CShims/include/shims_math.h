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
static inline double apus_log10(double value) { return log10(value); }
static inline double apus_expm1(double value) { return expm1(value); }
static inline double apus_log1p(double value) { return log1p(value); }
static inline double apus_sin(double value) { return sin(value); }
static inline double apus_cos(double value) { return cos(value); }
static inline double apus_tan(double value) { return tan(value); }
static inline double apus_asin(double value) { return asin(value); }
static inline double apus_acos(double value) { return acos(value); }
static inline double apus_atan(double value) { return atan(value); }
static inline double apus_sinh(double value) { return sinh(value); }
static inline double apus_cosh(double value) { return cosh(value); }
static inline double apus_erf(double value) { return erf(value); }
static inline double apus_erfc(double value) { return erfc(value); }
static inline double apus_atan2(double y, double x) { return atan2(y, x); }

#endif
