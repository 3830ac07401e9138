#ifndef APUS_SHIMS_TREE_SLICES_H
#define APUS_SHIMS_TREE_SLICES_H

#include <stdint.h>

/// Small trees for many rows at once, bit by bit: a node is compared with 512 rows by eight instructions, and the
/// answers of all of a tree's nodes, one bit per row, are put together to the bits of the leaves' numbers. For
/// processors with AVX-512 and its byte permutations (VBMI) only.
int apus_slices_supported(void);

enum {
  APUS_SLICE_ROWS = 512,    // rows per call
  APUS_SLICE_BOUNDS = 255,  // bounds of a feature
  APUS_SLICE_TABLE = 256,   // their places in a table
  APUS_SLICE_LEAVES = 64,   // leaves of a tree, which is complete to depth 6
};

/// A node: the row goes to the right where its rank in `slot` is not below `bound` (1 to 255, four times the same byte).
/// `place` is 1 for the root, 2i and 2i + 1 for the children of i. Places without a node have equal leaves below them.
struct apus_slice_node {
  uint32_t bound;
  uint16_t slot;
  uint16_t place;
};

/// Keys of up to 512 rows, column by column: keys[column][APUS_SLICE_ROWS], integers in the order of the values' float32,
/// INT32_MAX - 1 for NaN. Of the rows that fill up the last 64 the keys mean nothing.
/// `keys` has room for whole groups of 8 columns, and is aligned to 64 bytes like all memory here.
/// missing[column] = whether a value is NaN.
void apus_slice_keys_float(const float *values, long columns, long rows, int32_t *keys, uint8_t *missing);
void apus_slice_keys_double(const double *values, long columns, long rows, int32_t *keys, uint8_t *missing);

/// Whether one of the values is infinite as float32.
int apus_slice_has_infinite(const double *values, long count);

/// ranks[i] = how many bounds are not above the key of a row, NaN's being `nan`. Rows lie in groups of 64, in an order of
/// their own. `table` holds a feature's bounds as a complete search tree of 7 or 8 levels (127 or 255 bounds) in
/// breadth-first order from place 1 on, filled up with INT32_MAX.
void apus_slice_rank(const int32_t *keys, long rows, int32_t nan, const int32_t *table, int levels, uint8_t *ranks);

/// Adds the leaf of each tree to sums[output of the tree][row], in the order of the trees. Tree t's nodes are
/// nodes[starts[t]] to nodes[starts[t + 1] - 1]; its leaves are 256 bytes: the first bytes of all 64 float32, then
/// the second ones, and so on. `ranks` has one pointer per slot. `planes` is scratch memory of 4 KiB.
void apus_slice_add(
    const struct apus_slice_node *nodes, const uint32_t *starts, long trees, const uint8_t *leaves,
    const int32_t *outputs, const uint8_t *const *ranks, long rows, float *sums, void *planes);

#endif
