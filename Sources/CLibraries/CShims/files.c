#define _GNU_SOURCE
#include "CShims.h"

#include <sys/mman.h>

int apus_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int apus_openat(int directory, const char *path, int flags, mode_t mode) {
  return openat(directory, path, flags, mode);
}

int apus_fcntl(int descriptor, int command, long argument) { return fcntl(descriptor, command, argument); }

int apus_stat(const char *path, int follow_links, struct stat *result) {
  return follow_links ? stat(path, result) : lstat(path, result);
}

int apus_is_directory(mode_t mode) { return S_ISDIR(mode); }
int apus_is_regular_file(mode_t mode) { return S_ISREG(mode); }
int apus_is_symbolic_link(mode_t mode) { return S_ISLNK(mode); }

int apus_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
