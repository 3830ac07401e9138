#define _GNU_SOURCE
#include "CShims.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Runs in the child between vfork and exec: only async-signal-safe calls, and the parent's memory is shared.
static int prepare_child(const struct apus_spawn_request *request, const int *high_descriptors) {
  if (request->new_session && setsid() < 0) return errno;
  if (request->new_process_group && !request->new_session && setpgid(0, 0) < 0) return errno;
  if (request->working_directory && chdir(request->working_directory) < 0) return errno;
  for (int target = 0; target < request->descriptor_count; target++) {
    // The sources were moved above all targets, so no dup2 overwrites one that is still needed.
    if (dup2(high_descriptors[target], target) < 0) return errno;
  }
  // A session that begins on a terminal is controlled by it; anything else refuses.
  if (request->new_session) ioctl(STDIN_FILENO, TIOCSCTTY, 0);
#ifdef SYS_close_range
  // Descriptors that this process itself inherited may lack CLOEXEC. Kernels before 5.11 refuse: then they leak, as
  // they would have without this.
  const unsigned close_at_exec = 4;
  syscall(SYS_close_range, (unsigned)request->descriptor_count, ~0U, close_at_exec);
#endif
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  struct sigaction default_action = {.sa_handler = SIG_DFL};
  for (int number = 1; number < 32; number++) {
    if (number != SIGKILL && number != SIGSTOP) sigaction(number, &default_action, NULL);
  }
  return 0;
}

pid_t apus_spawn(const struct apus_spawn_request *request) {
  enum { max_descriptors = 16 };
  if (request->descriptor_count < 0 || request->descriptor_count > max_descriptors) return -EINVAL;
  int high_descriptors[max_descriptors];
  int opened = 0;
  int failure = 0;
  for (; opened < request->descriptor_count; opened++) {
    int source = request->descriptors[opened];
    int copy;
    if (source >= 0) {
      copy = fcntl(source, F_DUPFD_CLOEXEC, max_descriptors);
    } else {
      int null_device = open("/dev/null", O_RDWR | O_CLOEXEC);
      copy = null_device < 0 ? -1 : fcntl(null_device, F_DUPFD_CLOEXEC, max_descriptors);
      if (null_device >= 0) close(null_device);
    }
    if (copy < 0) {
      failure = errno;
      break;
    }
    high_descriptors[opened] = copy;
  }

  pid_t pid = -1;
  volatile int child_failure = 0;
  if (failure == 0) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = vfork();
    if (pid == 0) {
      int error = prepare_child(request, high_descriptors);
      if (error == 0) {
        execve(request->path, (char *const *)request->arguments, (char *const *)request->environment);
        error = errno;
      }
      child_failure = error;
      _exit(127);
    }
    if (pid < 0) failure = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  for (int index = 0; index < opened; index++) close(high_descriptors[index]);
  if (failure != 0) return -failure;
  if (child_failure != 0) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return -child_failure;
  }
  return pid;
}

pid_t apus_wait(pid_t pid, int no_hang, int *exit_code, int *signal_number) {
  int status = 0;
  pid_t result;
  do {
    result = waitpid(pid, &status, no_hang ? WNOHANG : 0);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return -errno;
  *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  *signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return result;
}

int apus_pidfd_open(pid_t pid) {
  int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
  return descriptor < 0 ? -errno : descriptor;
}

int apus_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0; }

int apus_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC) < 0 ? -errno : 0; }

int apus_signal_descriptor(uint64_t mask) {
  sigset_t set;
  sigemptyset(&set);
  for (int number = 1; number <= 64; number++) {
    if (mask & (UINT64_C(1) << (number - 1))) sigaddset(&set, number);
  }
  int failure = pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (failure != 0) return -failure;
  int descriptor = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  return descriptor < 0 ? -errno : descriptor;
}

int apus_hold_name(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(name);
  if (length == 0 || length > sizeof address.sun_path - 1) return -EINVAL;
  memcpy(address.sun_path + 1, name, length);
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
  if (bind(descriptor, (struct sockaddr *)&address, size) < 0) {
    int failure = errno;
    close(descriptor);
    return -failure;
  }
  return descriptor;
}

void apus_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
