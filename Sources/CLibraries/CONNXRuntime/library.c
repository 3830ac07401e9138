#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CONNXRuntime.h"
#include "table.h"

struct api_base {
  const void *const *(*get_table)(uint32_t version);
  const char *(*get_version)(void);
};

static void write_log(
    void *log, int severity, const char *category, const char *identifier, const char *location,
    const char *message) {
  (void)category;
  (void)identifier;
  (void)location;
  ((apus_ort_log)log)(severity, message);
}

static apus_ort_library *fail(
    apus_ort_library *library, apus_ort_status *status, char *problem, size_t problem_size) {
  snprintf(problem, problem_size, "%s", apus_ort_status_message(library, status));
  apus_ort_status_release(library, status);
  free(library);
  return NULL;
}

apus_ort_library *apus_ort_open(const char *path, apus_ort_log log, char *problem, size_t problem_size) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    snprintf(problem, problem_size, "%s", reason ? reason : "it cannot be opened");
    return NULL;
  }
  const struct api_base *(*get_base)(void) = (const struct api_base *(*)(void))dlsym(handle, "OrtGetApiBase");
  const struct api_base *base = get_base ? get_base() : NULL;
  if (!base) {
    snprintf(problem, problem_size, "it is not ONNX Runtime (it has no OrtGetApiBase)");
    return NULL;
  }
  const char *version = base->get_version();
  int major = 0, minor = 0;
  if (sscanf(version, "%d.%d", &major, &minor) != 2 || major != 1 || minor < ORT_TABLE_VERSION) {
    snprintf(problem, problem_size, "it is version %s; 1.%d or a later 1.x is needed", version,
             ORT_TABLE_VERSION);
    return NULL;
  }
  const void *const *table = base->get_table(ORT_TABLE_VERSION);
  apus_ort_library *library = calloc(1, sizeof *library);
  if (!table || !library) {
    snprintf(problem, problem_size, "version %s does not give its functions", version);
    free(library);
    return NULL;
  }
  library->table = table;
  library->version = version;
  apus_ort_status *status = CALL(
      library, ORT_CREATE_ENV_WITH_CUSTOM_LOGGER, (void *, void *, int, const char *, void **),
      (void *)write_log, (void *)log, 2, "apus", &library->environment);
  if (status) return fail(library, status, problem, problem_size);
  status = CALL(library, ORT_DISABLE_TELEMETRY_EVENTS, (void *), library->environment);
  if (status) return fail(library, status, problem, problem_size);
  status = CALL(
      library, ORT_CREATE_CPU_MEMORY_INFO, (int, int, void **), ORT_FIXED_LENGTH_ALLOCATOR,
      ORT_DEFAULT_MEMORY, &library->cpu_memory);
  if (status) return fail(library, status, problem, problem_size);
  status = CALL(library, ORT_GET_ALLOCATOR_WITH_DEFAULT_OPTIONS, (void **), &library->allocator);
  if (status) return fail(library, status, problem, problem_size);
  return library;
}

const char *apus_ort_version(const apus_ort_library *library) { return library->version; }

apus_ort_status *apus_ort_providers(
    const apus_ort_library *library, void (*found)(const char *name, void *context), void *context) {
  char **names = NULL;
  int count = 0;
  apus_ort_status *status =
      CALL(library, ORT_GET_AVAILABLE_PROVIDERS, (char ***, int *), &names, &count);
  if (status) return status;
  for (int index = 0; index < count; index++) found(names[index], context);
  return CALL(library, ORT_RELEASE_AVAILABLE_PROVIDERS, (char **, int), names, count);
}

int32_t apus_ort_status_code(const apus_ort_library *library, const apus_ort_status *status) {
  return ((int (*)(const void *))library->table[ORT_GET_ERROR_CODE])(status);
}

const char *apus_ort_status_message(const apus_ort_library *library, const apus_ort_status *status) {
  return ((const char *(*)(const void *))library->table[ORT_GET_ERROR_MESSAGE])(status);
}

void apus_ort_status_release(const apus_ort_library *library, apus_ort_status *status) {
  RELEASE(library, ORT_RELEASE_STATUS, status);
}
