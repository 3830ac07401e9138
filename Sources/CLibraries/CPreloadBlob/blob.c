#include "CPreloadBlob.h"

#if !__has_include("generated/preload_bytes.inc")
#error "The preload library has not been built yet: run `make build` (or `make preload`) once."
#endif

const unsigned char apus_preload_library[] = {
#include "generated/preload_bytes.inc"
};
const size_t apus_preload_library_size = sizeof(apus_preload_library);
