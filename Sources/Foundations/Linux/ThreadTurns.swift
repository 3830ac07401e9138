internal import CShims

/// How the kernel shares the processor out to the calling thread.
public enum ThreadTurns {
  /// For threads that answer somebody and need little time for it: they run sooner after they wake, for
  /// shorter turns. Where the kernel does not know that wish (before Linux 6.12), nothing changes.
  public static func preferShort() { apus_prefer_short_turns() }
}
