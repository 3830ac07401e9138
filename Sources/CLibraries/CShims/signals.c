#define _GNU_SOURCE
#include "CShims.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t signal_pipe = -1;

static void write_signal(int number) {
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  // A full pipe already holds a signal that nobody has read yet.
  ssize_t ignored = write(signal_pipe, &byte, 1);
  (void)ignored;
  errno = saved;
}

int apus_signal_to_pipe(int signal_number, int pipe_descriptor) {
  signal_pipe = pipe_descriptor;
  struct sigaction action = {.sa_handler = write_signal, .sa_flags = SA_RESTART};
  sigfillset(&action.sa_mask);
  return sigaction(signal_number, &action, NULL) < 0 ? -errno : 0;
}

int apus_signal_default(int signal_number) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  return sigaction(signal_number, &action, NULL) < 0 ? -errno : 0;
}

int apus_ignore_sigpipe(void) {
  struct sigaction action = {.sa_handler = SIG_IGN};
  return sigaction(SIGPIPE, &action, NULL) < 0 ? -errno : 0;
}
