#ifndef APUS_CPRELOADBLOB_H
#define APUS_CPRELOADBLOB_H

#include <stddef.h>

/// The bytes of the preload library (`Preload/preload.c`), built by `make` before the package.
extern const unsigned char apus_preload_library[];
extern const size_t apus_preload_library_size;

#endif
