#ifndef APUS_SHIMS_PLAIN_NUMBERS_H
#define APUS_SHIMS_PLAIN_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/// As apus_numbers_end, by wider vectors where the processor has them.
size_t apus_list_end(const uint8_t *bytes, size_t count);

/// Lists of numbers as XGBoost writes them, between their brackets: no white space, integers of up to eight digits, and
/// fractions like `-1.2137403E0` or `5E-1`. text[length] is the closing bracket.
///
/// Both read from text[*offset], where a number begins, until the list's end, a number of another form, or `capacity`;
/// they return how many numbers they have read, and leave in *offset where the next one begins: length + 1 after the last.
size_t apus_plain_integers(
    const uint8_t *text, size_t length, size_t *offset, int32_t *values, size_t capacity);

/// The float32 nearest to each text. Numbers that would need more than one exact operation are left to the caller.
size_t apus_plain_floats(const uint8_t *text, size_t length, size_t *offset, float *values, size_t capacity);

#endif
