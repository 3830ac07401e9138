internal import CShims
internal import Glibc

/// Waits on a handful of descriptors with poll(2), for small loops that own their thread.
public struct PollSet: ~Copyable {
  /// What one descriptor is ready for.
  public struct Ready: Sendable {
    public let descriptor: Int32
    /// Data, the end of the stream or an error: a read will not wait.
    public let canRead: Bool
    public let canWrite: Bool
  }

  private var entries: [pollfd] = []

  public init() {}

  public mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  public mutating func add(_ descriptor: Int32, reading: Bool = true, writing: Bool = false) {
    let events = (reading ? Int16(POLLIN) : 0) | (writing ? Int16(POLLOUT) : 0)
    entries.append(pollfd(fd: descriptor, events: events, revents: 0))
  }

  /// Waits until one is ready or the time is over (then the result is empty). A signal ends the wait early.
  public mutating func wait(timeout: Duration?) throws(LinuxError) -> [Ready] {
    let milliseconds: Int32
    if let timeout {
      let (seconds, attoseconds) = timeout.components
      // Rounded up, so that a timer is over when the wait is.
      let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
      let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
      milliseconds = overflow || timeout < .zero ? 0 : Int32(clamping: whole &+ rest)
    } else {
      milliseconds = -1
    }
    let count = poll(&entries, nfds_t(entries.count), milliseconds)
    if count < 0 {
      let failure = LinuxError.current("poll")
      if failure.number == EINTR { return [] }
      throw failure
    }
    return entries.compactMap { entry in
      guard entry.revents != 0 else { return nil }
      let readable = Int32(entry.revents) & (POLLIN | POLLHUP | POLLERR | POLLNVAL) != 0
      let writable = Int32(entry.revents) & (POLLOUT | POLLHUP | POLLERR) != 0
      return Ready(descriptor: entry.fd, canRead: readable, canWrite: writable)
    }
  }
}
