#ifndef APUS_SHIMS_TERMINAL_H
#define APUS_SHIMS_TERMINAL_H

#include <stddef.h>

// Opens a new pseudo-terminal: returns its master, not waiting and closed at exec, and writes the path of the
// other end. -1 with errno on failure.
int apus_open_terminal(char *path, size_t capacity);

// Sets the size that programs on the terminal see. -1 with errno on failure.
int apus_resize_terminal(int master, unsigned short columns, unsigned short rows);

// Opens a FIFO for reading without waiting for a writer, then lets reads wait while there is one.
int apus_open_fifo_reader(const char *path);

// Opens a FIFO for writing without waiting for a reader (ENXIO where there is none), then lets writes wait.
int apus_open_fifo_writer(const char *path);

#endif
