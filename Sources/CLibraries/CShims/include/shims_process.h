#ifndef APUS_SHIMS_PROCESS_H
#define APUS_SHIMS_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/// What one child process needs before exec; every pointer must stay valid during the call.
struct apus_spawn_request {
  const char *path;               ///< program to execute, absolute
  const char *const *arguments;   ///< NULL-terminated argv
  const char *const *environment; ///< NULL-terminated "NAME=value"
  const char *working_directory;  ///< or NULL to keep the parent's
  const int *descriptors;         ///< parent descriptors that become 0, 1, 2, … in the child; -1 gives /dev/null
  int descriptor_count;
  int new_process_group; ///< non-zero: setpgid(0, 0)
  int new_session;       ///< non-zero: setsid()
};

/// Starts a child by vfork and exec; never from Swift code after a fork. It gets no other descriptors.
/// Returns the pid, or -errno of the first step that failed (setpgid, chdir, dup or exec).
pid_t apus_spawn(const struct apus_spawn_request *request);

/// waitpid with its status split up. Returns the pid, 0 with WNOHANG and no change, or -errno.
pid_t apus_wait(pid_t pid, int no_hang, int *exit_code, int *signal_number);
/// pidfd_open(2). Returns the descriptor or -errno.
int apus_pidfd_open(pid_t pid);
/// prctl(PR_SET_CHILD_SUBREAPER). Returns 0 or -errno.
int apus_become_subreaper(void);

/// pipe2 with O_CLOEXEC; not in the Glibc module. Returns 0 or -errno.
int apus_pipe(int descriptors[2]);
/// A descriptor that becomes readable with each of the signals in `mask` (bit n-1 stands for signal n), which are
/// blocked for the calling thread. Non-blocking, CLOEXEC. Returns the descriptor or -errno.
int apus_signal_descriptor(uint64_t mask);

/// Binds a socket to a name in the abstract namespace, which belongs to the network namespace and is free again when
/// the last descriptor is closed. Returns the descriptor, -EADDRINUSE where somebody holds the name, or -errno.
int apus_hold_name(const char *name);

/// Names the calling thread (15 bytes at most).
void apus_name_thread(const char *name);

#endif
