#include "CSQLiteRecorder.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct apus_recorded_operation *operations;
static long operation_count, operation_capacity;
static int failing_code, failing_syncs;

static sqlite3_vfs recorder;
static sqlite3_vfs *system_vfs;

struct recorded_file {
  sqlite3_file base;
  enum apus_recorded_file kind;
  sqlite3_file *real; // lies behind this structure
};

static void record(enum apus_recorded_kind kind, enum apus_recorded_file file, int64_t offset, const void *data,
                   int64_t length) {
  void *copy = NULL;
  if (length > 0) {
    copy = malloc((size_t)length);
    if (copy == NULL) abort();
    memcpy(copy, data, (size_t)length);
  }
  pthread_mutex_lock(&log_mutex);
  if (operation_count == operation_capacity) {
    operation_capacity = operation_capacity == 0 ? 1024 : operation_capacity * 2;
    operations = realloc(operations, (size_t)operation_capacity * sizeof *operations);
    if (operations == NULL) abort();
  }
  operations[operation_count++] = (struct apus_recorded_operation){kind, file, offset, length, copy};
  pthread_mutex_unlock(&log_mutex);
}

/// The code with which a call has to fail; SQLITE_OK where it has not.
static int injected_failure(enum apus_recorded_file file, int is_sync) {
  if (file != APUS_RECORDED_WAL) return SQLITE_OK;
  pthread_mutex_lock(&log_mutex);
  int code = is_sync && !failing_syncs ? SQLITE_OK : failing_code;
  pthread_mutex_unlock(&log_mutex);
  return code;
}

static sqlite3_file *real(sqlite3_file *file) { return ((struct recorded_file *)file)->real; }
static enum apus_recorded_file kind(sqlite3_file *file) { return ((struct recorded_file *)file)->kind; }

static int recorder_close(sqlite3_file *file) {
  int code = real(file)->pMethods->xClose(real(file));
  file->pMethods = NULL;
  return code;
}

static int recorder_read(sqlite3_file *file, void *buffer, int count, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), buffer, count, offset);
}

static int recorder_write(sqlite3_file *file, const void *buffer, int count, sqlite3_int64 offset) {
  int failure = injected_failure(kind(file), 0);
  if (failure != SQLITE_OK) return failure;
  record(APUS_RECORDED_WRITE, kind(file), offset, buffer, count);
  return real(file)->pMethods->xWrite(real(file), buffer, count, offset);
}

static int recorder_truncate(sqlite3_file *file, sqlite3_int64 size) {
  record(APUS_RECORDED_TRUNCATE, kind(file), size, NULL, 0);
  return real(file)->pMethods->xTruncate(real(file), size);
}

static int recorder_sync(sqlite3_file *file, int flags) {
  int failure = injected_failure(kind(file), 1);
  if (failure != SQLITE_OK) return failure;
  int code = real(file)->pMethods->xSync(real(file), flags);
  if (code == SQLITE_OK) record(APUS_RECORDED_SYNC, kind(file), 0, NULL, 0);
  return code;
}

static int recorder_file_size(sqlite3_file *file, sqlite3_int64 *size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
static int recorder_lock(sqlite3_file *file, int level) { return real(file)->pMethods->xLock(real(file), level); }
static int recorder_unlock(sqlite3_file *file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
static int recorder_check_reserved_lock(sqlite3_file *file, int *result) {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}
static int recorder_file_control(sqlite3_file *file, int operation, void *argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
static int recorder_sector_size(sqlite3_file *file) { return real(file)->pMethods->xSectorSize(real(file)); }
static int recorder_characteristics(sqlite3_file *file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

// Version 1 has no shared memory: only connections in exclusive mode can use a WAL.
static const sqlite3_io_methods recorder_methods = {
    .iVersion = 1,
    .xClose = recorder_close,
    .xRead = recorder_read,
    .xWrite = recorder_write,
    .xTruncate = recorder_truncate,
    .xSync = recorder_sync,
    .xFileSize = recorder_file_size,
    .xLock = recorder_lock,
    .xUnlock = recorder_unlock,
    .xCheckReservedLock = recorder_check_reserved_lock,
    .xFileControl = recorder_file_control,
    .xSectorSize = recorder_sector_size,
    .xDeviceCharacteristics = recorder_characteristics,
};

static enum apus_recorded_file kind_of_path(const char *path) {
  size_t length = path == NULL ? 0 : strlen(path);
  if (length > 4 && strcmp(path + length - 4, "-wal") == 0) return APUS_RECORDED_WAL;
  if (length > 8 && strcmp(path + length - 8, "-journal") == 0) return APUS_RECORDED_JOURNAL;
  return APUS_RECORDED_OTHER;
}

static int recorder_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *flags_out) {
  (void)vfs;
  struct recorded_file *recorded = (struct recorded_file *)file;
  recorded->base.pMethods = NULL;
  recorded->kind = flags & SQLITE_OPEN_MAIN_DB ? APUS_RECORDED_DATABASE : kind_of_path(path);
  recorded->real = (sqlite3_file *)(recorded + 1);
  int code = system_vfs->xOpen(system_vfs, path, recorded->real, flags, flags_out);
  if (code == SQLITE_OK) recorded->base.pMethods = &recorder_methods;
  return code;
}

static int recorder_delete(sqlite3_vfs *vfs, const char *path, int sync_directory) {
  (void)vfs;
  int code = system_vfs->xDelete(system_vfs, path, sync_directory);
  if (code == SQLITE_OK) record(APUS_RECORDED_DELETE, kind_of_path(path), 0, NULL, 0);
  return code;
}

int apus_recorder_register(void) {
  if (system_vfs != NULL) return SQLITE_OK;
  int code = sqlite3_initialize();
  if (code != SQLITE_OK) return code;
  system_vfs = sqlite3_vfs_find(NULL);
  if (system_vfs == NULL) return SQLITE_ERROR;
  recorder = *system_vfs;
  recorder.pNext = NULL;
  recorder.zName = "apus-recorder";
  recorder.szOsFile = (int)sizeof(struct recorded_file) + system_vfs->szOsFile;
  recorder.xOpen = recorder_open;
  recorder.xDelete = recorder_delete;
  return sqlite3_vfs_register(&recorder, 0);
}

void apus_recorder_reset(void) {
  pthread_mutex_lock(&log_mutex);
  for (long index = 0; index < operation_count; index++) free((void *)operations[index].data);
  free(operations);
  operations = NULL;
  operation_count = operation_capacity = 0;
  failing_code = failing_syncs = 0;
  pthread_mutex_unlock(&log_mutex);
}

long apus_recorder_count(void) {
  pthread_mutex_lock(&log_mutex);
  long count = operation_count;
  pthread_mutex_unlock(&log_mutex);
  return count;
}

struct apus_recorded_operation apus_recorder_operation(long index) {
  struct apus_recorded_operation operation = {0};
  pthread_mutex_lock(&log_mutex);
  if (index >= 0 && index < operation_count) operation = operations[index];
  pthread_mutex_unlock(&log_mutex);
  return operation;
}

void apus_recorder_fail(int code, int syncs) {
  pthread_mutex_lock(&log_mutex);
  failing_code = code;
  failing_syncs = syncs;
  pthread_mutex_unlock(&log_mutex);
}
