#ifndef APUS_CSQLITE_RECORDER_H
#define APUS_CSQLITE_RECORDER_H

#include <stdint.h>

// A SQLite VFS named "apus-recorder" that writes down what reaches the disk, so that tests can rebuild the files as
// a power cut would leave them. It passes everything on to the system's own VFS, and fails on demand.
// One log per process: tests that use it run one after another.

enum apus_recorded_kind {
  APUS_RECORDED_WRITE,
  APUS_RECORDED_TRUNCATE,
  APUS_RECORDED_SYNC,
  APUS_RECORDED_DELETE
};

enum apus_recorded_file {
  APUS_RECORDED_DATABASE,
  APUS_RECORDED_WAL,
  APUS_RECORDED_JOURNAL,
  APUS_RECORDED_OTHER
};

struct apus_recorded_operation {
  enum apus_recorded_kind kind;
  enum apus_recorded_file file;
  int64_t offset; ///< of a write; the new size for truncate
  int64_t length; ///< of a write
  const void *data; ///< valid until the next reset
};

/// Registers the VFS; any number of times. Returns 0, or SQLite's code.
int apus_recorder_register(void);
/// Forgets the log and ends the injection of failures.
void apus_recorder_reset(void);
long apus_recorder_count(void);
struct apus_recorded_operation apus_recorder_operation(long index);
/// From now on every write (and sync, where `syncs` is set) of the WAL fails with a SQLite code; 0 ends that.
void apus_recorder_fail(int code, int syncs);

#endif
