#ifndef APUS_SHIMS_SIGNALS_H
#define APUS_SHIMS_SIGNALS_H

/// From now on the signal's number is written as one byte into `pipe_descriptor` (non-blocking) instead of its default
/// action; one pipe for the whole process. Returns 0 or -errno.
int apus_signal_to_pipe(int signal_number, int pipe_descriptor);
/// Back to the signal's default action. Returns 0 or -errno.
int apus_signal_default(int signal_number);
/// Ignores SIGPIPE: a closed peer is an error of write(2), not the end of the process. Returns 0 or -errno.
int apus_ignore_sigpipe(void);

#endif
