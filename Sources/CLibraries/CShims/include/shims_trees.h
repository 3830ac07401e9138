#ifndef APUS_SHIMS_TREES_H
#define APUS_SHIMS_TREES_H

#include <stdint.h>

/// A node of a decision tree in eight bytes. The row goes to `self + child` where `keys[slot] < key`, else to the node
/// after that. A leaf leads to itself: its slot is 0, whose key is the least of all, and its child is 0; its own
/// key is what it answers.
struct apus_tree_node {
  int32_t key;
  uint16_t slot;
  uint16_t child;
};

/// The same with 64-bit keys and without limits, in sixteen bytes.
struct apus_wide_tree_node {
  int64_t key;
  uint32_t slot;
  uint32_t child;
};

/// answers[i] = the answer of tree i for one row. `least` and `most` hold, for each group of
/// `APUS_TREE_LANES` trees, the least and the greatest depth of a leaf. Trees come in whole groups: the last is
/// filled up with repetitions.
#define APUS_TREE_LANES 8
void apus_trees_walk_row(
    const struct apus_tree_node *nodes, const uint32_t *roots, const uint16_t *least, const uint16_t *most,
    long groups, const int32_t *keys, int32_t *answers);
void apus_trees_walk_row_wide(
    const struct apus_wide_tree_node *nodes, const uint32_t *roots, const uint16_t *least, const uint16_t *most,
    long groups, const int64_t *keys, int64_t *answers);

/// answers[i] = the answer of one tree for row i of `rows` (a multiple of APUS_TREE_LANES); rows lie `stride` keys
/// apart.
void apus_trees_walk_rows(
    const struct apus_tree_node *root, long least, long most, const int32_t *keys, long stride, long rows,
    int32_t *answers);
void apus_trees_walk_rows_wide(
    const struct apus_wide_tree_node *root, long least, long most, const int64_t *keys, long stride, long rows,
    int64_t *answers);

#endif
