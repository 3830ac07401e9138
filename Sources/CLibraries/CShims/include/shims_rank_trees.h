#ifndef APUS_SHIMS_RANK_TREES_H
#define APUS_SHIMS_RANK_TREES_H

#include <stdint.h>

/// Small trees decided as a whole: every node of a tree is compared at once. A row is given as ranks, one per slot:
/// how many of the slot's sorted bounds are not above the row's key. A node sends the row to the right where
/// `ranks[slots[i]] >= bounds[i]`. For processors with AVX-512 only.
int apus_rank_trees_supported(void);

enum {
  APUS_RANK_SLOTS = 64,  // ranks per row
  APUS_RANK_BLOCK = 16,  // bounds of a slot come in blocks of so many
};

/// ranks[i] for `slots` slots. Slot i's bounds are bounds[starts[i]] …, in whole blocks, ascending, filled up with the
/// greatest key, with one more such block at the end; pivots[pivot_starts[i]] … are the last bounds of its blocks,
/// filled up likewise; blocks[i] counts the blocks.
void apus_rank_row(
    const int32_t *keys, long slots, const int32_t *bounds, const uint32_t *starts, const int32_t *pivots,
    const uint32_t *pivot_starts, const uint32_t *blocks, uint16_t *ranks);
void apus_rank_row_wide(
    const int64_t *keys, long slots, const int64_t *bounds, const uint32_t *starts, const int64_t *pivots,
    const uint32_t *pivot_starts, const uint32_t *blocks, uint16_t *ranks);

/// leaves[t] = number of the leaf that tree t leads to, t times the tree's room for leaves added.
/// Complete trees of depth 5 (32 nodes: number 1 is the root, 2i and 2i + 1 are the children of i) and 6 (64 nodes).
void apus_rank_trees_complete5(
    const uint8_t *slots, const uint16_t *bounds, long trees, const uint16_t *ranks, uint32_t *leaves);
void apus_rank_trees_complete6(
    const uint8_t *slots, const uint16_t *bounds, long trees, const uint16_t *ranks, uint32_t *leaves);
/// Trees of any shape with up to 32 or 64 leaves, numbered from left to right. masks[i] has the bits of the leaves that
/// stay possible when the row goes to the right at node i (C. Lucchese et al., "QuickScorer", 2015).
void apus_rank_trees_masks32(
    const uint8_t *slots, const uint16_t *bounds, const uint32_t *masks, long trees, const uint16_t *ranks,
    uint32_t *leaves);
void apus_rank_trees_masks64(
    const uint8_t *slots, const uint16_t *bounds, const uint64_t *masks, long trees, const uint16_t *ranks,
    uint32_t *leaves);

#endif
