#include <stdlib.h>
#include <string.h>

#include "CONNXRuntime.h"
#include "table.h"

// One input, output or initializer; `type_info` owns what the description points to.
struct place {
  apus_ort_description description;
  void *type_info;
  void *inner_info;
};

struct apus_ort_session {
  const apus_ort_library *library;
  void *session;
  struct place *places[3];
  size_t counts[3];
};

static apus_ort_status *configure_cuda(
    const apus_ort_library *library, void *options, const apus_ort_session_settings *settings) {
  void *cuda = NULL;
  apus_ort_status *status = CALL(library, ORT_CREATE_CUDA_PROVIDER_OPTIONS, (void **), &cuda);
  if (!status && settings->cuda_count)
    status = CALL(
        library, ORT_UPDATE_CUDA_PROVIDER_OPTIONS, (void *, const char *const *, const char *const *, size_t),
        cuda, settings->cuda_keys, settings->cuda_values, settings->cuda_count);
  if (!status) status = CALL(library, ORT_APPEND_CUDA_V2, (void *, const void *), options, cuda);
  if (cuda) RELEASE(library, ORT_RELEASE_CUDA_PROVIDER_OPTIONS, cuda);
  return status;
}

static apus_ort_status *configure(
    const apus_ort_library *library, void *options, const apus_ort_session_settings *settings) {
  const struct {
    int position;
    int value;
  } numbers[] = {
      {ORT_SET_INTRA_OP_NUM_THREADS, settings->intra_op_threads},
      {ORT_SET_INTER_OP_NUM_THREADS, settings->inter_op_threads},
      {ORT_SET_SESSION_GRAPH_OPTIMIZATION_LEVEL, settings->optimization_level},
      {ORT_SET_SESSION_EXECUTION_MODE, settings->is_parallel},
      {ORT_SET_SESSION_LOG_SEVERITY_LEVEL, settings->log_severity},
  };
  for (size_t index = 0; index < sizeof numbers / sizeof *numbers; index++) {
    apus_ort_status *status =
        CALL(library, numbers[index].position, (void *, int), options, numbers[index].value);
    if (status) return status;
  }
  int arena = settings->uses_arena ? ORT_ENABLE_CPU_MEM_ARENA : ORT_DISABLE_CPU_MEM_ARENA;
  apus_ort_status *status = CALL(library, arena, (void *), options);
  if (status) return status;
  status = CALL(
      library, settings->uses_memory_pattern ? ORT_ENABLE_MEM_PATTERN : ORT_DISABLE_MEM_PATTERN, (void *),
      options);
  for (size_t index = 0; !status && index < settings->count; index++)
    status = CALL(
        library, ORT_ADD_SESSION_CONFIG_ENTRY, (void *, const char *, const char *), options,
        settings->keys[index], settings->values[index]);
  if (!status && settings->uses_cuda) status = configure_cuda(library, options, settings);
  return status;
}

// Fills in what a tensor's type says.
static apus_ort_status *describe_tensor(
    const apus_ort_library *library, const void *info, apus_ort_description *into) {
  const void *tensor = NULL;
  apus_ort_status *status =
      CALL(library, ORT_CAST_TYPE_INFO_TO_TENSOR_INFO, (const void *, const void **), info, &tensor);
  if (status || !tensor) return status;
  int type = 0;
  status = CALL(library, ORT_GET_TENSOR_ELEMENT_TYPE, (const void *, int *), tensor, &type);
  if (status) return status;
  into->element_type = type;
  size_t rank = 0;
  status = CALL(library, ORT_GET_DIMENSIONS_COUNT, (const void *, size_t *), tensor, &rank);
  if (status) return status;
  into->rank = rank > APUS_ORT_MAXIMUM_RANK ? APUS_ORT_MAXIMUM_RANK : rank;
  status = CALL(
      library, ORT_GET_DIMENSIONS, (const void *, int64_t *, size_t), tensor, into->dimensions, into->rank);
  if (status) return status;
  return CALL(
      library, ORT_GET_SYMBOLIC_DIMENSIONS, (const void *, const char **, size_t), tensor, into->symbols,
      into->rank);
}

// `*inner` gets type information that is to be released with the place.
static apus_ort_status *describe_type(
    const apus_ort_library *library, const void *info, apus_ort_description *into, int32_t *type,
    void **inner) {
  int number = 0;
  apus_ort_status *status =
      CALL(library, ORT_GET_ONNX_TYPE_FROM_TYPE_INFO, (const void *, int *), info, &number);
  if (status) return status;
  *type = number;
  const void *part = NULL;
  switch (number) {
    case APUS_ORT_TENSOR: return describe_tensor(library, info, into);
    case APUS_ORT_MAP: {
      status = CALL(library, ORT_CAST_TYPE_INFO_TO_MAP_TYPE_INFO, (const void *, const void **), info, &part);
      if (status || !part) return status;
      int key = 0;
      status = CALL(library, ORT_GET_MAP_KEY_TYPE, (const void *, int *), part, &key);
      if (status) return status;
      into->key_type = key;
      void *value = NULL;
      status = CALL(library, ORT_GET_MAP_VALUE_TYPE, (const void *, void **), part, &value);
      if (status) return status;
      status = describe_tensor(library, value, into);
      into->rank = 0;
      RELEASE(library, ORT_RELEASE_TYPE_INFO, value);
      return status;
    }
    case APUS_ORT_SEQUENCE:
      status =
          CALL(library, ORT_CAST_TYPE_INFO_TO_SEQUENCE_TYPE_INFO, (const void *, const void **), info, &part);
      if (status || !part || *inner) return status;
      status = CALL(library, ORT_GET_SEQUENCE_ELEMENT_TYPE, (const void *, void **), part, inner);
      if (status) return status;
      return describe_type(library, *inner, into, &into->inner_type, inner);
    case APUS_ORT_OPTIONAL:
      status =
          CALL(library, ORT_CAST_TYPE_INFO_TO_OPTIONAL_TYPE_INFO, (const void *, const void **), info, &part);
      if (status || !part || *inner) return status;
      status = CALL(library, ORT_GET_OPTIONAL_CONTAINED_TYPE_INFO, (const void *, void **), part, inner);
      if (status) return status;
      return describe_type(library, *inner, into, &into->optional_type, inner);
    default: return NULL;
  }
}

static apus_ort_status *describe_place(apus_ort_session *session, int kind, size_t index) {
  const apus_ort_library *library = session->library;
  struct place *place = &session->places[kind][index];
  char *name = NULL;
  apus_ort_status *status = CALL(
      library, ORT_SESSION_GET_NAME + kind, (const void *, size_t, void *, char **), session->session, index,
      library->allocator, &name);
  if (status) return status;
  place->description.name = name;
  status = CALL(
      library, ORT_SESSION_GET_TYPE_INFO + kind, (const void *, size_t, void **), session->session, index,
      &place->type_info);
  if (status) return status;
  return describe_type(
      library, place->type_info, &place->description, &place->description.type, &place->inner_info);
}

static apus_ort_status *describe_all(apus_ort_session *session) {
  for (int kind = 0; kind < 3; kind++) {
    size_t count = 0;
    apus_ort_status *status = CALL(
        session->library, ORT_SESSION_GET_COUNT + kind, (const void *, size_t *), session->session, &count);
    if (status) return status;
    session->places[kind] = calloc(count ? count : 1, sizeof(struct place));
    if (!session->places[kind]) abort();
    session->counts[kind] = count;
    for (size_t index = 0; index < count; index++) {
      status = describe_place(session, kind, index);
      if (status) return status;
    }
  }
  return NULL;
}

apus_ort_status *apus_ort_session_create(
    const apus_ort_library *library, const char *path, const apus_ort_session_settings *settings,
    apus_ort_session **result) {
  *result = NULL;
  void *options = NULL;
  apus_ort_status *status = CALL(library, ORT_CREATE_SESSION_OPTIONS, (void **), &options);
  if (status) return status;
  void *session = NULL;
  status = configure(library, options, settings);
  if (!status)
    status = CALL(
        library, ORT_CREATE_SESSION, (const void *, const char *, const void *, void **),
        library->environment, path, options, &session);
  RELEASE(library, ORT_RELEASE_SESSION_OPTIONS, options);
  if (status) return status;
  apus_ort_session *made = calloc(1, sizeof *made);
  if (!made) abort();
  made->library = library;
  made->session = session;
  status = describe_all(made);
  if (status) {
    apus_ort_session_release(made);
    return status;
  }
  *result = made;
  return NULL;
}

void apus_ort_session_release(apus_ort_session *session) {
  const apus_ort_library *library = session->library;
  for (int kind = 0; kind < 3; kind++) {
    for (size_t index = 0; index < session->counts[kind]; index++) {
      struct place *place = &session->places[kind][index];
      if (place->inner_info) RELEASE(library, ORT_RELEASE_TYPE_INFO, place->inner_info);
      if (place->type_info) RELEASE(library, ORT_RELEASE_TYPE_INFO, place->type_info);
      if (place->description.name) {
        apus_ort_status *status = CALL(
            library, ORT_ALLOCATOR_FREE, (void *, void *), library->allocator,
            (void *)place->description.name);
        if (status) apus_ort_status_release(library, status);
      }
    }
    free(session->places[kind]);
  }
  RELEASE(library, ORT_RELEASE_SESSION, session->session);
  free(session);
}

size_t apus_ort_count(const apus_ort_session *session, int32_t kind) {
  return kind >= 0 && kind < 3 ? session->counts[kind] : 0;
}

const apus_ort_description *apus_ort_describe(const apus_ort_session *session, int32_t kind, size_t index) {
  return index < apus_ort_count(session, kind) ? &session->places[kind][index].description : NULL;
}

apus_ort_status *apus_ort_run_options_create(
    const apus_ort_library *library, apus_ort_run_options **options) {
  return CALL(library, ORT_CREATE_RUN_OPTIONS, (apus_ort_run_options **), options);
}

void apus_ort_run_options_terminate(const apus_ort_library *library, apus_ort_run_options *options) {
  apus_ort_status *status = CALL(library, ORT_RUN_OPTIONS_SET_TERMINATE, (void *), options);
  if (status) apus_ort_status_release(library, status);
}

void apus_ort_run_options_release(const apus_ort_library *library, apus_ort_run_options *options) {
  RELEASE(library, ORT_RELEASE_RUN_OPTIONS, options);
}

enum { NAMES_ON_STACK = 32 };

apus_ort_status *apus_ort_run(
    const apus_ort_session *session, const apus_ort_run_options *options, const size_t *input_indices,
    const apus_ort_value *const *inputs, size_t input_count, const size_t *output_indices,
    apus_ort_value **outputs, size_t output_count) {
  const char *on_stack[NAMES_ON_STACK];
  size_t total = input_count + output_count;
  const char **names = total <= NAMES_ON_STACK ? on_stack : malloc(total * sizeof *names);
  if (!names) abort();
  for (size_t index = 0; index < input_count; index++) {
    size_t place = input_indices[index], plain = session->counts[APUS_ORT_INPUT];
    const struct place *found = place < plain ? &session->places[APUS_ORT_INPUT][place]
                                              : &session->places[APUS_ORT_INITIALIZER][place - plain];
    names[index] = found->description.name;
  }
  for (size_t index = 0; index < output_count; index++)
    names[input_count + index] = session->places[APUS_ORT_OUTPUT][output_indices[index]].description.name;
  apus_ort_status *status = CALL(
      session->library, ORT_RUN,
      (void *, const void *, const char *const *, const apus_ort_value *const *, size_t, const char *const *,
       size_t, apus_ort_value **),
      session->session, options, names, inputs, input_count, names + input_count, output_count, outputs);
  if (names != on_stack) free(names);
  return status;
}
