#define _GNU_SOURCE
#include "CShims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int apus_open_terminal(char *path, size_t capacity) {
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master < 0) return -1;
  int failure = 0;
  if (grantpt(master) < 0 || unlockpt(master) < 0) {
    failure = errno;
  } else {
    failure = ptsname_r(master, path, capacity);
  }
  if (failure == 0) return master;
  close(master);
  errno = failure;
  return -1;
}

int apus_resize_terminal(int master, unsigned short columns, unsigned short rows) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return ioctl(master, TIOCSWINSZ, &size);
}

/* Opens without waiting for the other side; reads and writes wait afterwards. */
static int open_fifo(const char *path, int access) {
  int descriptor = open(path, access | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return -1;
  int flags = fcntl(descriptor, F_GETFL);
  if (flags >= 0 && fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) >= 0) return descriptor;
  int failure = errno;
  close(descriptor);
  errno = failure;
  return -1;
}

int apus_open_fifo_reader(const char *path) { return open_fifo(path, O_RDONLY); }

int apus_open_fifo_writer(const char *path) { return open_fifo(path, O_WRONLY); }
