#ifndef APUS_SHIMS_NUMBER_TEXT_H
#define APUS_SHIMS_NUMBER_TEXT_H

#include <stddef.h>
#include <stdint.h>

/// Writes the shortest text that reads back as the same double, the nearest of those, in Python's form: for zero, and for
/// magnitudes from 1e-4 to less than 1e15. `text` has room for 32 bytes; what is written behind the text does
/// not count.
/// Returns how many; 0 for all other doubles. R. Giulietti, "The Schubfach way to render doubles" (2020), with powers that
/// are exact.
size_t apus_write_double(double value, uint8_t *text);

#endif
