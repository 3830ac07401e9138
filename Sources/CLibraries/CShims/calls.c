#define _GNU_SOURCE
#include "CShims.h"

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Threads without counters of their own share this one: what it says means nothing, since they race for it.
static struct apus_calls unread;
__thread struct apus_calls *apus_thread_calls = &unread;

struct apus_calls *apus_unread_calls(void) { return &unread; }

ssize_t apus_receive(int descriptor, void *bytes, size_t count) {
  apus_count_receive();
  return syscall(SYS_recvfrom, descriptor, bytes, count, 0, NULL, NULL);
}

ssize_t apus_send(int descriptor, const void *bytes, size_t count, int flags) {
  apus_count_send();
  return syscall(SYS_sendto, descriptor, bytes, count, flags, NULL, 0);
}

int apus_keep_freed_memory(int bytes, int longest) {
  return mallopt(M_MMAP_THRESHOLD, longest) == 1 && mallopt(M_TRIM_THRESHOLD, bytes) == 1 ? 0 : -1;
}

void apus_give_back_freed_memory(void) { malloc_trim(0); }

void apus_prefer_large_pages(void *start, size_t count) {
  const uintptr_t size = 2 << 20;
  uintptr_t first = ((uintptr_t)start + size - 1) & ~(size - 1), end = ((uintptr_t)start + count) & ~(size - 1);
  // Kernels without them refuse, and nothing is lost.
  if (first < end) madvise((void *)first, end - first, MADV_HUGEPAGE);
}
