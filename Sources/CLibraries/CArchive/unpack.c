#define _GNU_SOURCE
#include "CArchive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// The functions of libarchive that are used, found by name when the library is opened.
#define FUNCTIONS(X) \
  X(archive_read_new) X(archive_read_free) X(archive_read_support_filter_gzip) X(archive_read_support_filter_bzip2) \
  X(archive_read_support_filter_xz) X(archive_read_support_filter_zstd) X(archive_read_support_format_tar) \
  X(archive_read_support_format_zip) X(archive_read_open_filename) X(archive_read_next_header) \
  X(archive_read_data_block) X(archive_write_disk_new) X(archive_write_disk_set_options) X(archive_write_header) \
  X(archive_write_data_block) X(archive_write_finish_entry) X(archive_write_free) X(archive_error_string) \
  X(archive_errno) X(archive_entry_pathname) X(archive_entry_set_pathname) X(archive_entry_filetype) \
  X(archive_entry_hardlink) X(archive_entry_set_perm) X(archive_entry_size)
#define DECLARE(name) static __typeof__(&name) p_##name;
FUNCTIONS(DECLARE)

static pthread_once_t opened = PTHREAD_ONCE_INIT;
static char open_error[256];

static void open_library(void) {
  void *library = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(open_error, sizeof(open_error), "%s", dlerror());
    return;
  }
#define FIND(name)                                                                       \
  if (!(p_##name = (__typeof__(&name))dlsym(library, #name))) {                          \
    snprintf(open_error, sizeof(open_error), "libarchive has no " #name);                \
    return;                                                                              \
  }
  FUNCTIONS(FIND)
}

// Relative, and no part of it "..".
static int is_inside(const char *path) {
  if (!path || !*path || *path == '/') return 0;
  while (*path) {
    const char *end = strchrnul(path, '/');
    if (end - path == 2 && path[0] == '.' && path[1] == '.') return 0;
    path = *end ? end + 1 : end;
  }
  return 1;
}

static enum apus_unpack_outcome failure(
    struct apus_unpack_result *result, struct archive *archive, enum apus_unpack_outcome outcome) {
  const char *text = p_archive_error_string(archive);
  snprintf(result->message, sizeof(result->message), "%s", text ? text : "it is broken");
  result->write_error = p_archive_errno(archive);
  return outcome;
}

static enum apus_unpack_outcome copy_data(
    const struct apus_unpack_request *request, struct apus_unpack_result *result, struct archive *reader,
    struct archive *writer) {
  const void *block;
  size_t size;
  la_int64_t offset;
  for (;;) {
    int status = p_archive_read_data_block(reader, &block, &size, &offset);
    if (status == ARCHIVE_EOF) return APUS_UNPACK_DONE;
    if (status < ARCHIVE_WARN) return failure(result, reader, APUS_UNPACK_DAMAGED);
    // Holes count too: a sparse entry may claim any size.
    if (offset < 0 || offset > request->maximum_bytes) return APUS_UNPACK_TOO_LARGE;
    result->bytes += (int64_t)size;
    if (result->bytes > request->maximum_bytes) return APUS_UNPACK_TOO_LARGE;
    if (p_archive_write_data_block(writer, block, size, offset) < ARCHIVE_WARN) {
      return failure(result, writer, APUS_UNPACK_WRITE_FAILED);
    }
  }
}

static enum apus_unpack_outcome unpack_entry(
    const struct apus_unpack_request *request, struct apus_unpack_result *result, struct archive *reader,
    struct archive *writer, struct archive_entry *entry) {
  const char *name = p_archive_entry_pathname(entry);
  mode_t type = p_archive_entry_filetype(entry);
  // Links could lead out of the folder, devices have no place in a model.
  if (!is_inside(name) || p_archive_entry_hardlink(entry) || (type != AE_IFREG && type != AE_IFDIR)) {
    snprintf(result->message, sizeof(result->message), "%s", name ? name : "");
    return APUS_UNPACK_UNSAFE;
  }
  char path[4096];
  int length = snprintf(path, sizeof(path), "%s/%s", request->folder, name);
  if (length < 0 || (size_t)length >= sizeof(path)) {
    snprintf(result->message, sizeof(result->message), "%.200s", name);
    return APUS_UNPACK_UNSAFE;
  }
  p_archive_entry_set_pathname(entry, path);
  p_archive_entry_set_perm(entry, type == AE_IFDIR ? 0755 : 0644);
  if (p_archive_write_header(writer, entry) < ARCHIVE_WARN) {
    return failure(result, writer, APUS_UNPACK_WRITE_FAILED);
  }
  if (type == AE_IFREG) {
    enum apus_unpack_outcome outcome = copy_data(request, result, reader, writer);
    if (outcome != APUS_UNPACK_DONE) return outcome;
    result->entries += 1;
  }
  if (p_archive_write_finish_entry(writer) < ARCHIVE_WARN) {
    return failure(result, writer, APUS_UNPACK_WRITE_FAILED);
  }
  return APUS_UNPACK_DONE;
}

static enum apus_unpack_outcome unpack(
    const struct apus_unpack_request *request, struct apus_unpack_result *result, struct archive *reader,
    struct archive *writer) {
  p_archive_read_support_filter_gzip(reader);
  p_archive_read_support_filter_bzip2(reader);
  p_archive_read_support_filter_xz(reader);
  p_archive_read_support_filter_zstd(reader);
  p_archive_read_support_format_tar(reader);
  p_archive_read_support_format_zip(reader);
  // The folder itself may be reached through links; what is inside is checked by name and type above.
  p_archive_write_disk_set_options(writer, ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_UNLINK);
  if (p_archive_read_open_filename(reader, request->archive, 1 << 18) != ARCHIVE_OK) {
    return failure(result, reader, APUS_UNPACK_DAMAGED);
  }
  struct archive_entry *entry;
  int64_t seen = 0;
  for (;;) {
    int status = p_archive_read_next_header(reader, &entry);
    if (status == ARCHIVE_EOF) return APUS_UNPACK_DONE;
    if (status < ARCHIVE_WARN) return failure(result, reader, APUS_UNPACK_DAMAGED);
    if (++seen > request->maximum_entries) return APUS_UNPACK_TOO_LARGE;
    enum apus_unpack_outcome outcome = unpack_entry(request, result, reader, writer, entry);
    if (outcome != APUS_UNPACK_DONE) return outcome;
  }
}

enum apus_unpack_outcome apus_unpack(
    const struct apus_unpack_request *request, struct apus_unpack_result *result) {
  memset(result, 0, sizeof(*result));
  pthread_once(&opened, open_library);
  if (open_error[0]) {
    snprintf(result->message, sizeof(result->message), "%s", open_error);
    return APUS_UNPACK_NO_LIBRARY;
  }
  struct archive *reader = p_archive_read_new();
  struct archive *writer = p_archive_write_disk_new();
  enum apus_unpack_outcome outcome = APUS_UNPACK_DAMAGED;
  if (reader && writer) {
    outcome = unpack(request, result, reader, writer);
  } else {
    snprintf(result->message, sizeof(result->message), "no memory for an archive");
  }
  if (writer) p_archive_write_free(writer);
  if (reader) p_archive_read_free(reader);
  return outcome;
}
