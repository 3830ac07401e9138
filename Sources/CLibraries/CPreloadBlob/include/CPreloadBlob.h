#ifndef APUS_CPRELOADBLOB_H
#define APUS_CPRELOADBLOB_H

#include <stddef.h>

/// The bytes of the preload library (`Preload/preload.c`), built by `make` before the package. Functions, because
/// Swift does not see arrays of unknown length.
const unsigned char *apus_preload_library(void);
size_t apus_preload_library_size(void);

#endif
