// Times the libraries that predict with trees, by their C interfaces, one thread, on behalf of trees.py: one row per
// call, then all rows in one call; nanoseconds per row, the median of five passes after one to warm up.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CONNXRuntime.h"

enum { PASSES = 5 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static int ascending(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

static double median(double *times) {
  qsort(times, PASSES, sizeof *times, ascending);
  return times[PASSES / 2];
}

#define TIME(result, rows, statement) \
  do { \
    double times[PASSES]; \
    statement; \
    for (int pass = 0; pass < PASSES; pass++) { \
      double start = now(); \
      statement; \
      times[pass] = now() - start; \
    } \
    *(result) = median(times) / (rows); \
  } while (0)

// XGBoosterPredictFromDense: the array interface and the configuration are texts made once; single rows are copied
// to where the text points.
typedef int (*xgboost_predict)(
    void *booster, const char *values, const char *config, void *matrix, const uint64_t **shape, uint64_t *dimension,
    const float **result);

double time_xgboost(
    void *function, void *booster, const float *rows, long count, long columns, double *single, double *batch) {
  xgboost_predict predict = (xgboost_predict)function;
  static const char config[] =
      "{\"type\": 0, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, \"strict_shape\": false, "
      "\"cache_id\": 0, \"missing\": NaN}";
  char whole[256], one[256];
  float *row = aligned_alloc(64, (columns * sizeof(float) + 63) & ~63UL);
  const char form[] = "{\"data\": [%lu, true], \"shape\": [%ld, %ld], \"typestr\": \"<f4\", \"version\": 3}";
  snprintf(whole, sizeof whole, form, (unsigned long)rows, count, columns);
  snprintf(one, sizeof one, form, (unsigned long)row, 1L, columns);
  const uint64_t *shape;
  uint64_t dimension;
  const float *result;
  double sum = 0;
  TIME(single, count, for (long index = 0; index < count; index++) {
    memcpy(row, rows + index * columns, columns * sizeof(float));
    predict(booster, one, config, NULL, &shape, &dimension, &result);
  });
  TIME(batch, count, predict(booster, whole, config, NULL, &shape, &dimension, &result));
  uint64_t width = dimension == 2 ? shape[1] : 1;
  for (long index = 0; index < count; index++) sum += result[index * width];
  free(row);
  return sum;
}

typedef int (*lightgbm_single)(void *config, const void *row, int64_t *length, double *result);
typedef int (*lightgbm_batch)(
    void *booster, const void *rows, int type, int32_t count, int32_t columns, int row_major, int kind, int first,
    int iterations, const char *parameters, int64_t *length, double *result);

double time_lightgbm(
    void *single_function, void *fast_config, void *batch_function, void *booster, const double *rows, long count,
    long columns, long width, double *single, double *batch) {
  lightgbm_single one = (lightgbm_single)single_function;
  lightgbm_batch all = (lightgbm_batch)batch_function;
  double *result = malloc(count * width * sizeof(double));
  int64_t length;
  TIME(single, count, for (long index = 0; index < count; index++) {
    one(fast_config, rows + index * columns, &length, result + index * width);
  });
  TIME(batch, count, all(booster, rows, 1, count, columns, 1, 0, 0, -1, "num_threads=1", &length, result));
  double sum = 0;
  for (long index = 0; index < count; index++) sum += result[index * width];
  free(result);
  return sum;
}

// lleaves' compiled function: it leaves out the objective's transformation, which costs it nothing here.
typedef void (*lleaves_predict)(const double *rows, double *result, int first, int end);

double time_lleaves(
    void *function, const double *rows, long count, long columns, long width, double *single, double *batch) {
  lleaves_predict predict = (lleaves_predict)function;
  double *result = malloc(count * width * sizeof(double));
  TIME(single, count, for (long index = 0; index < count; index++) {
    predict(rows + index * columns, result + index * width, 0, 1);
  });
  TIME(batch, count, predict(rows, result, 0, count));
  double sum = 0;
  for (long index = 0; index < count; index++) sum += result[index * width];
  free(result);
  return sum;
}

static void quiet(int32_t severity, const char *message) {
  (void)severity;
  (void)message;
}

// ONNX Runtime with its values made once over fixed memory; `output` is the number of the output that is asked for.
double time_onnx(
    const char *library_path, const char *model, const float *rows, long count, long columns, long width, long output,
    double *single, double *batch) {
  char problem[256];
  static apus_ort_library *library;
  if (!library) library = apus_ort_open(library_path, quiet, problem, sizeof problem);
  if (!library) return 0.0 / 0.0;
  apus_ort_session_settings settings = {
      .intra_op_threads = 1, .inter_op_threads = 1, .optimization_level = 99, .uses_arena = 1,
      .uses_memory_pattern = 1, .log_severity = 4};
  apus_ort_session *session;
  if (apus_ort_session_create(library, model, &settings, &session)) return 0.0 / 0.0;
  float *row = aligned_alloc(64, (columns * sizeof(float) + 63) & ~63UL);
  float *result = malloc(count * width * sizeof(float));
  apus_ort_value *one_in, *one_out, *all_in, *all_out;
  int64_t shapes[4][2] = {{1, columns}, {1, width}, {count, columns}, {count, width}};
  apus_ort_value_over(library, row, columns * 4, shapes[0], 2, 1, &one_in);
  apus_ort_value_over(library, result, width * 4, shapes[1], 2, 1, &one_out);
  apus_ort_value_over(library, (void *)rows, count * columns * 4, shapes[2], 2, 1, &all_in);
  apus_ort_value_over(library, result, count * width * 4, shapes[3], 2, 1, &all_out);
  size_t input_index = 0, output_index = output;
  apus_ort_status *status = NULL;
  TIME(single, count, for (long index = 0; index < count; index++) {
    memcpy(row, rows + index * columns, columns * sizeof(float));
    const apus_ort_value *inputs[] = {one_in};
    status = apus_ort_run(session, NULL, &input_index, inputs, 1, &output_index, &one_out, 1);
  });
  TIME(batch, count, {
    const apus_ort_value *inputs[] = {all_in};
    status = apus_ort_run(session, NULL, &input_index, inputs, 1, &output_index, &all_out, 1);
  });
  if (status) fprintf(stderr, "ONNX Runtime: %s\n", apus_ort_status_message(library, status));
  double sum = 0;
  for (long index = 0; index < count; index++) sum += result[index * width];
  apus_ort_value_release(library, one_in);
  apus_ort_value_release(library, one_out);
  apus_ort_value_release(library, all_in);
  apus_ort_value_release(library, all_out);
  apus_ort_session_release(session);
  free(row);
  free(result);
  return sum;
}
