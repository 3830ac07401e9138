internal import CShims

/// How often a thread has entered the kernel for its connections.
public struct SystemCallCounts: Sendable, Hashable {
  public var receive: UInt64 = 0
  /// Each `send` and `sendmsg`.
  public var send: UInt64 = 0
  /// Each `epoll_wait`.
  public var wait: UInt64 = 0
  /// `epoll_ctl`, `accept`, and the reads and writes that wake a thread.
  public var other: UInt64 = 0

  public init() {}

  public var total: UInt64 { receive &+ send &+ wait &+ other }

  /// What was counted since an earlier reading.
  public func since(_ earlier: SystemCallCounts) -> SystemCallCounts {
    var counts = self
    counts.receive &-= earlier.receive
    counts.send &-= earlier.send
    counts.wait &-= earlier.wait
    counts.other &-= earlier.other
    return counts
  }
}

/// Counts the calls of one thread, at the cost of one plain addition each.
/// `@unchecked Sendable`: only the counting thread writes, and every access is atomic.
public final class SystemCallCounter: @unchecked Sendable {
  private let calls: UnsafeMutablePointer<apus_calls>

  public init() {
    calls = .allocate(capacity: 1)
    calls.initialize(to: apus_calls(receive: 0, send: 0, wait: 0, other: 0))
  }

  deinit { calls.deallocate() }

  /// Counts what the calling thread does, until it ends or `stop` is called. The counter must be kept for as
  /// long.
  public func start() { apus_set_thread_calls(calls) }

  /// From now on the calling thread's calls are not counted anywhere.
  public static func stop() { apus_set_thread_calls(apus_unread_calls()) }

  public var counts: SystemCallCounts {
    let read = apus_read_calls(calls)
    var counts = SystemCallCounts()
    counts.receive = read.receive
    counts.send = read.send
    counts.wait = read.wait
    counts.other = read.other
    return counts
  }
}
