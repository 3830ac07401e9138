// The part of ONNX Runtime's C interface that serving needs, over a library that is opened at run time.
// No function here keeps a pointer that it was given, except where its comment says so.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct apus_ort_library apus_ort_library;
typedef struct apus_ort_session apus_ort_session;
typedef struct apus_ort_status apus_ort_status;
typedef struct apus_ort_value apus_ort_value;
typedef struct apus_ort_run_options apus_ort_run_options;

// ONNX Runtime's numbers (enum ONNXType, ONNXTensorElementDataType, OrtErrorCode); they are part of its ABI.
enum { APUS_ORT_TENSOR = 1, APUS_ORT_SEQUENCE = 2, APUS_ORT_MAP = 3, APUS_ORT_OPTIONAL = 6 };
enum { APUS_ORT_INPUT = 0, APUS_ORT_OUTPUT = 1, APUS_ORT_INITIALIZER = 2 };
enum { APUS_ORT_MAXIMUM_RANK = 32 };

// Severity as ONNX Runtime counts (0 verbose … 4 fatal).
typedef void (*apus_ort_log)(int32_t severity, const char *message);

// Opens the library and makes its one environment. On failure returns NULL and writes a sentence into
// `problem`. A library stays open until the process ends: its threads and static objects outlive dlclose.
apus_ort_library *apus_ort_open(const char *path, apus_ort_log log, char *problem, size_t problem_size);
// "1.31.1"
const char *apus_ort_version(const apus_ort_library *library);
// Calls `found` for each provider that the library was built with ("CPUExecutionProvider", …).
apus_ort_status *apus_ort_providers(
    const apus_ort_library *library, void (*found)(const char *name, void *context), void *context);

// Every function that can fail returns NULL where it did not; else a status, to be released.
int32_t apus_ort_status_code(const apus_ort_library *library, const apus_ort_status *status);
const char *apus_ort_status_message(const apus_ort_library *library, const apus_ort_status *status);
void apus_ort_status_release(const apus_ort_library *library, apus_ort_status *status);

typedef struct {
  int32_t intra_op_threads;
  int32_t inter_op_threads;
  int32_t optimization_level;  // 0, 1, 2, 99
  int32_t is_parallel;
  int32_t uses_arena;
  int32_t uses_memory_pattern;
  int32_t log_severity;
  int32_t uses_cuda;
  // Names and values of the CUDA provider's own options.
  const char *const *cuda_keys;
  const char *const *cuda_values;
  size_t cuda_count;
  // Names and values of session configuration entries.
  const char *const *keys;
  const char *const *values;
  size_t count;
} apus_ort_session_settings;

apus_ort_status *apus_ort_session_create(
    const apus_ort_library *library, const char *path, const apus_ort_session_settings *settings,
    apus_ort_session **session);
void apus_ort_session_release(apus_ort_session *session);

// What an input, output or overridable initializer is. Pointers live as long as the session.
typedef struct {
  const char *name;
  int32_t type;          // APUS_ORT_TENSOR …; what an optional holds is told in `optional_type`
  int32_t optional_type;
  int32_t element_type;  // of the tensor, or of the values of the map, or of the sequence's tensors
  int32_t key_type;      // of the map
  int32_t inner_type;    // of a sequence's elements
  size_t rank;
  int64_t dimensions[APUS_ORT_MAXIMUM_RANK];
  const char *symbols[APUS_ORT_MAXIMUM_RANK];
} apus_ort_description;

size_t apus_ort_count(const apus_ort_session *session, int32_t kind);
// - Returns: NULL where there is no such place.
const apus_ort_description *apus_ort_describe(const apus_ort_session *session, int32_t kind, size_t index);

// Run options: one per call that may be ended early.
apus_ort_status *apus_ort_run_options_create(const apus_ort_library *library, apus_ort_run_options **options);
// Any thread: the run ends with a failure soon.
void apus_ort_run_options_terminate(const apus_ort_library *library, apus_ort_run_options *options);
void apus_ort_run_options_release(const apus_ort_library *library, apus_ort_run_options *options);

// Runs the session on this thread. Inputs are numbered through: first the inputs, then the initializers.
// `outputs` holds a value to be written into, or NULL for one that the library makes.
apus_ort_status *apus_ort_run(
    const apus_ort_session *session, const apus_ort_run_options *options, const size_t *input_indices,
    const apus_ort_value *const *inputs, size_t input_count, const size_t *output_indices,
    apus_ort_value **outputs, size_t output_count);

// A tensor in the caller's memory, which must stay until the value is released; not text.
apus_ort_status *apus_ort_value_over(
    const apus_ort_library *library, void *data, size_t byte_count, const int64_t *shape, size_t rank,
    int32_t element_type, apus_ort_value **value);
// A tensor of empty texts.
apus_ort_status *apus_ort_value_texts(
    const apus_ort_library *library, const int64_t *shape, size_t rank, apus_ort_value **value);
apus_ort_status *apus_ort_value_set_text(
    const apus_ort_library *library, apus_ort_value *value, size_t index, const void *bytes, size_t count);
void apus_ort_value_release(const apus_ort_library *library, apus_ort_value *value);

apus_ort_status *apus_ort_value_type(
    const apus_ort_library *library, const apus_ort_value *value, int32_t *type, int32_t *has_value);
apus_ort_status *apus_ort_value_shape(
    const apus_ort_library *library, const apus_ort_value *value, int32_t *element_type, int64_t *shape,
    size_t capacity, size_t *rank);
apus_ort_status *apus_ort_value_data(
    const apus_ort_library *library, const apus_ort_value *value, const void **data);
apus_ort_status *apus_ort_value_text_bytes(
    const apus_ort_library *library, const apus_ort_value *value, size_t *byte_count);
// All texts one after the other, and where each begins.
apus_ort_status *apus_ort_value_copy_texts(
    const apus_ort_library *library, const apus_ort_value *value, void *bytes, size_t byte_count,
    size_t *offsets, size_t count);
// Of a sequence the elements; of a map the keys (0) and the values (1). `part` is to be released.
apus_ort_status *apus_ort_value_part_count(
    const apus_ort_library *library, const apus_ort_value *value, size_t *count);
apus_ort_status *apus_ort_value_part(
    const apus_ort_library *library, const apus_ort_value *value, size_t index, apus_ort_value **part);
