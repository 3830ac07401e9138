#ifndef APUS_SHIMS_FILES_H
#define APUS_SHIMS_FILES_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/// open(2) and fcntl(2) are variadic, which Swift cannot call.
int apus_open(const char *path, int flags, mode_t mode);
int apus_openat(int directory, const char *path, int flags, mode_t mode);
int apus_fcntl(int descriptor, int command, long argument);
/// stat(2), or lstat(2) where links are not followed: the name `stat` is a type in Swift.
int apus_stat(const char *path, int follow_links, struct stat *result);
/// memfd_create(2), closed on exec.
int apus_memory_file(const char *name);
/// The S_IS… macros.
int apus_is_directory(mode_t mode);
int apus_is_regular_file(mode_t mode);
int apus_is_symbolic_link(mode_t mode);

#endif
