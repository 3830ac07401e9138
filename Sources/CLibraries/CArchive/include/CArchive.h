#ifndef APUS_CARCHIVE_H
#define APUS_CARCHIVE_H

#include <stdint.h>

/// Unpacks one archive by libarchive, which is opened when the first one is unpacked: only the storage role pays
/// for it.
struct apus_unpack_request {
  const char *archive;    ///< path of the file
  const char *folder;     ///< where its entries go; exists
  int64_t maximum_bytes;  ///< of everything unpacked
  int64_t maximum_entries;
};

enum apus_unpack_outcome {
  APUS_UNPACK_DONE = 0,
  APUS_UNPACK_NO_LIBRARY = 1,    ///< libarchive.so.13 cannot be opened
  APUS_UNPACK_DAMAGED = 2,       ///< no archive that is known, or a broken one; `message` says why
  APUS_UNPACK_UNSAFE = 3,        ///< `message` names the entry that leads out of the folder or is no file
  APUS_UNPACK_TOO_LARGE = 4,     ///< more than the bounds
  APUS_UNPACK_WRITE_FAILED = 5,  ///< the disk refused; `write_error` is the errno
};

struct apus_unpack_result {
  int64_t entries;
  int64_t bytes;
  int write_error;
  char message[512];
};

enum apus_unpack_outcome apus_unpack(
    const struct apus_unpack_request *request, struct apus_unpack_result *result);

#endif
