#ifndef APUS_SHIMS_SCHEDULING_H
#define APUS_SHIMS_SCHEDULING_H

/// Asks the kernel for shorter turns of the calling thread, which then gets the processor sooner after it wakes
/// (sched_setattr(2), Linux 6.12). Older kernels and refusals change nothing. Costs a call once per thread.
void apus_prefer_short_turns(void);

#endif
