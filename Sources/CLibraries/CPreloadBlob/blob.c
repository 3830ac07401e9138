#include "CPreloadBlob.h"

#if !__has_include("generated/preload_bytes.inc")
#error "The preload library has not been built yet: run `make build` (or `make preload`) once."
#endif

static const unsigned char library[] = {
#include "generated/preload_bytes.inc"
};

const unsigned char *apus_preload_library(void) { return library; }
size_t apus_preload_library_size(void) { return sizeof(library); }
