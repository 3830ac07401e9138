#include "shims_trees.h"

// A processor that walks one path waits for each node's memory; walking several paths at once, it waits for all of
// them together. Leaves lead to themselves, so that all lanes take the same steps without a branch that could be
// mispredicted: first as many as every path is long, then until none moves.

#define LANES APUS_TREE_LANES

#define STEP(NODE, lane, keys) \
  const NODE *here = at[lane]; \
  const NODE *next = here + here->child + ((keys)[here->slot] >= here->key);

#define WALK(NODE, keys_of_lane) \
  for (long step = 0; step < least; step++) { \
    _Pragma("clang loop unroll(full)") for (int lane = 0; lane < LANES; lane++) { \
      STEP(NODE, lane, keys_of_lane) \
      at[lane] = next; \
    } \
  } \
  for (long step = least; step < most; step++) { \
    uintptr_t moved = 0; \
    _Pragma("clang loop unroll(full)") for (int lane = 0; lane < LANES; lane++) { \
      STEP(NODE, lane, keys_of_lane) \
      moved |= (uintptr_t)here ^ (uintptr_t)next; \
      at[lane] = next; \
    } \
    if (moved == 0) break; \
  }

#define DEFINE_WALKS(NODE, KEY, SUFFIX) \
  void apus_trees_walk_row##SUFFIX( \
      const struct NODE *nodes, const uint32_t *roots, const uint16_t *leasts, const uint16_t *mosts, long groups, \
      const KEY *keys, KEY *answers) { \
    for (long group = 0; group < groups; group++) { \
      const struct NODE *at[LANES]; \
      long least = leasts[group], most = mosts[group]; \
      _Pragma("clang loop unroll(full)") for (int lane = 0; lane < LANES; lane++) { \
        at[lane] = nodes + roots[group * LANES + lane]; \
      } \
      WALK(struct NODE, keys) \
      _Pragma("clang loop unroll(full)") for (int lane = 0; lane < LANES; lane++) { \
        answers[group * LANES + lane] = at[lane]->key; \
      } \
    } \
  } \
  void apus_trees_walk_rows##SUFFIX( \
      const struct NODE *root, long least, long most, const KEY *keys, long stride, long rows, KEY *answers) { \
    for (long first = 0; first < rows; first += LANES) { \
      const struct NODE *at[LANES]; \
      const KEY *block = keys + first * stride; \
      _Pragma("clang loop unroll(full)") for (int lane = 0; lane < LANES; lane++) { at[lane] = root; } \
      WALK(struct NODE, block + lane * stride) \
      _Pragma("clang loop unroll(full)") for (int lane = 0; lane < LANES; lane++) { \
        answers[first + lane] = at[lane]->key; \
      } \
    } \
  }

DEFINE_WALKS(apus_tree_node, int32_t, )
DEFINE_WALKS(apus_wide_tree_node, int64_t, _wide)
