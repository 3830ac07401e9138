internal import CShims
internal import Glibc

/// Signals sent to this process, turned into bytes on a pipe that a thread reads.
public enum ProcessSignals {
  public static let interrupt: Int32 = SIGINT
  public static let terminate: Int32 = SIGTERM
  public static let quit: Int32 = SIGQUIT
  public static let hangup: Int32 = SIGHUP

  /// A peer that is gone becomes an error of the write, not the end of the process.
  public static func ignoreBrokenPipes() { _ = apus_ignore_sigpipe() }

  /// From now on these signals are delivered through the returned descriptor, one byte with the number each.
  /// Once per process: a later call takes over the signals of an earlier one.
  public static func redirect(_ signals: [Int32]) throws(LinuxError) -> FileDescriptor {
    var ends: [Int32] = [-1, -1]
    try checked("pipe") { pipe(&ends) }
    let reader = FileDescriptor(owning: ends[0])
    // The writing end belongs to the signal handler and lives as long as the process.
    for end in ends { _ = apus_fcntl(end, F_SETFD, Int(FD_CLOEXEC)) }
    _ = apus_fcntl(ends[1], F_SETFL, Int(O_NONBLOCK))
    for signal in signals {
      let result = apus_signal_to_pipe(signal, ends[1])
      if result < 0 { throw LinuxError(number: -result, call: "sigaction", subject: "signal \(signal)") }
    }
    return reader
  }

  /// Gives signals their default action back, so that a second Ctrl-C ends a process that hangs in its
  /// shutdown.
  public static func restoreDefault(_ signals: [Int32]) {
    for signal in signals { _ = apus_signal_default(signal) }
  }

  /// Sends a signal to this process.
  public static func raise(_ signal: Int32) { kill(getpid(), signal) }
}
