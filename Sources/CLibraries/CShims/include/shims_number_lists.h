#ifndef APUS_SHIMS_NUMBER_LISTS_H
#define APUS_SHIMS_NUMBER_LISTS_H

#include <stddef.h>
#include <stdint.h>

/// Lists of numbers in JSON text, or lists of such lists, read with vector instructions: eight numbers at a time. For
/// processors with AVX-512 and its byte permutations (VBMI, VBMI2) only.
int apus_number_lists_supported(void);

struct apus_number_list {
  size_t count;       // of all numbers
  size_t rows;        // length of the outermost list
  size_t columns;     // of each inner one; with depth 1 the same as `rows`
  size_t end;         // where the text goes on
  int depth;          // lists around each number: 1 or 2
  int has_fractions;  // some number has a point
};

enum { APUS_NUMBERS_DOUBLE, APUS_NUMBERS_FLOAT };

/// Reads one number that the vectors cannot tell, from text[start] to text[end - 1]: a long one, one with an exponent, `-0`,
/// `null`, or something that is no number, for which it returns 0.
typedef int apus_resolve_number(void *context, uint32_t start, uint32_t end, double *value);

/// Reads the list at text[offset], whose rows must be equally long and not empty. The text's last byte must not be able to
/// belong to a number. `form` says what the numbers become; float32 by way of double.
/// Returns 0 where the text is no such list, has more than `capacity` numbers, or numbers that do not fit: somebody else must
/// look at it then, and `values` mean nothing.
int apus_number_list_read(
    const uint8_t *text, size_t size, size_t offset, int form, void *values, size_t capacity,
    apus_resolve_number *resolve, void *context, struct apus_number_list *list);

/// Doubles that are integers of up to 15 digits become int64, in place.
void apus_number_list_make_integers(void *values, size_t count);

#endif
