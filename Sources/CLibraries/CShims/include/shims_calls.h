#ifndef APUS_SHIMS_CALLS_H
#define APUS_SHIMS_CALLS_H

#include <stdint.h>
#include <sys/random.h>

/// How often one thread has entered the kernel for its connections. Written by that thread alone; anybody may
/// read.
struct apus_calls {
  uint64_t receive;
  uint64_t send;
  uint64_t wait;
  uint64_t other;
};

/// The calling thread's counters; where it has none of its own, ones that nobody reads.
extern __thread struct apus_calls *apus_thread_calls;

/// Plain stores: there is one writer, and a reader on another thread sees a whole number.
static inline void apus_count_call(uint64_t *counter) {
  __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}
static inline void apus_count_receive(void) { apus_count_call(&apus_thread_calls->receive); }
static inline void apus_count_send(void) { apus_count_call(&apus_thread_calls->send); }
static inline void apus_count_wait(void) { apus_count_call(&apus_thread_calls->wait); }
static inline void apus_count_other(void) { apus_count_call(&apus_thread_calls->other); }

/// From now on the calling thread counts in `calls`, which must live as long as the thread.
static inline void apus_set_thread_calls(struct apus_calls *calls) { apus_thread_calls = calls; }

/// Counters that nobody reads, for threads that do not count (any more).
struct apus_calls *apus_unread_calls(void);

static inline struct apus_calls apus_read_calls(const struct apus_calls *calls) {
  struct apus_calls read = {
      __atomic_load_n(&calls->receive, __ATOMIC_RELAXED), __atomic_load_n(&calls->send, __ATOMIC_RELAXED),
      __atomic_load_n(&calls->wait, __ATOMIC_RELAXED), __atomic_load_n(&calls->other, __ATOMIC_RELAXED)};
  return read;
}

/// recv(2) and send(2), counted. The library's own functions are cancellation points, which costs each call of a
/// process with threads several locked instructions; nobody cancels threads here.
ssize_t apus_receive(int descriptor, void *bytes, size_t count);
ssize_t apus_send(int descriptor, const void *bytes, size_t count, int flags);

/// mallopt: keeps freed memory up to so many bytes at the end of a heap, and takes pieces up to `longest` bytes from
/// heaps. Returns 0, or -1 where the C library does not know how.
int apus_keep_freed_memory(int bytes, int longest);

/// malloc_trim: gives all pages that hold nothing back to the kernel.
void apus_give_back_freed_memory(void);

/// Asks for large pages where memory that is about to be filled covers whole ones: one fault instead of 512.
void apus_prefer_large_pages(void *start, size_t count);

/// getrandom(2), which is not in the Glibc module.
static inline ssize_t apus_random(void *bytes, size_t count) { return getrandom(bytes, count, 0); }

#endif
