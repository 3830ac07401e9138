#include <string.h>

#include "CONNXRuntime.h"
#include "table.h"

enum { ELEMENT_TYPE_STRING = 8 };

apus_ort_status *apus_ort_value_over(
    const apus_ort_library *library, void *data, size_t byte_count, const int64_t *shape, size_t rank,
    int32_t element_type, apus_ort_value **value) {
  return CALL(
      library, ORT_CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE,
      (const void *, void *, size_t, const int64_t *, size_t, int, apus_ort_value **), library->cpu_memory,
      data, byte_count, shape, rank, element_type, value);
}

apus_ort_status *apus_ort_value_texts(
    const apus_ort_library *library, const int64_t *shape, size_t rank, apus_ort_value **value) {
  return CALL(
      library, ORT_CREATE_TENSOR_AS_ORT_VALUE,
      (void *, const int64_t *, size_t, int, apus_ort_value **), library->allocator, shape, rank,
      ELEMENT_TYPE_STRING, value);
}

apus_ort_status *apus_ort_value_set_text(
    const apus_ort_library *library, apus_ort_value *value, size_t index, const void *bytes, size_t count) {
  char *buffer = NULL;
  apus_ort_status *status = CALL(
      library, ORT_GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER, (void *, size_t, size_t, char **), value, index,
      count, &buffer);
  if (!status && count) memcpy(buffer, bytes, count);
  return status;
}

void apus_ort_value_release(const apus_ort_library *library, apus_ort_value *value) {
  RELEASE(library, ORT_RELEASE_VALUE, value);
}

apus_ort_status *apus_ort_value_type(
    const apus_ort_library *library, const apus_ort_value *value, int32_t *type, int32_t *has_value) {
  int number = 0, present = 0;
  apus_ort_status *status = CALL(library, ORT_HAS_VALUE, (const void *, int *), value, &present);
  if (!status) status = CALL(library, ORT_GET_VALUE_TYPE, (const void *, int *), value, &number);
  *type = number;
  *has_value = present;
  return status;
}

apus_ort_status *apus_ort_value_shape(
    const apus_ort_library *library, const apus_ort_value *value, int32_t *element_type, int64_t *shape,
    size_t capacity, size_t *rank) {
  void *info = NULL;
  apus_ort_status *status =
      CALL(library, ORT_GET_TENSOR_TYPE_AND_SHAPE, (const void *, void **), value, &info);
  if (status) return status;
  int type = 0;
  status = CALL(library, ORT_GET_TENSOR_ELEMENT_TYPE, (const void *, int *), info, &type);
  *element_type = type;
  if (!status) status = CALL(library, ORT_GET_DIMENSIONS_COUNT, (const void *, size_t *), info, rank);
  if (!status && *rank <= capacity)
    status = CALL(library, ORT_GET_DIMENSIONS, (const void *, int64_t *, size_t), info, shape, *rank);
  RELEASE(library, ORT_RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, info);
  return status;
}

apus_ort_status *apus_ort_value_data(
    const apus_ort_library *library, const apus_ort_value *value, const void **data) {
  return CALL(library, ORT_GET_TENSOR_MUTABLE_DATA, (const void *, const void **), value, data);
}

apus_ort_status *apus_ort_value_text_bytes(
    const apus_ort_library *library, const apus_ort_value *value, size_t *byte_count) {
  return CALL(library, ORT_GET_STRING_TENSOR_DATA_LENGTH, (const void *, size_t *), value, byte_count);
}

apus_ort_status *apus_ort_value_copy_texts(
    const apus_ort_library *library, const apus_ort_value *value, void *bytes, size_t byte_count,
    size_t *offsets, size_t count) {
  return CALL(
      library, ORT_GET_STRING_TENSOR_CONTENT, (const void *, void *, size_t, size_t *, size_t), value, bytes,
      byte_count, offsets, count);
}

apus_ort_status *apus_ort_value_part_count(
    const apus_ort_library *library, const apus_ort_value *value, size_t *count) {
  return CALL(library, ORT_GET_VALUE_COUNT, (const void *, size_t *), value, count);
}

apus_ort_status *apus_ort_value_part(
    const apus_ort_library *library, const apus_ort_value *value, size_t index, apus_ort_value **part) {
  return CALL(
      library, ORT_GET_VALUE, (const void *, int, void *, apus_ort_value **), value, (int)index,
      library->allocator, part);
}
