#ifndef APUS_CSHIMS_H
#define APUS_CSHIMS_H

// One header per family of system calls; Swift sees them all through this umbrella.
#include "shims_bytes.h"
#include "shims_calls.h"
#include "shims_dot.h"
#include "shims_epoll.h"
#include "shims_files.h"
#include "shims_fused.h"
#include "shims_math.h"
#include "shims_number_lists.h"
#include "shims_number_text.h"
#include "shims_numbers.h"
#include "shims_plain_numbers.h"
#include "shims_process.h"
#include "shims_rank_trees.h"
#include "shims_scheduling.h"
#include "shims_signals.h"
#include "shims_terminal.h"
#include "shims_tree_slices.h"
#include "shims_trees.h"

#endif
