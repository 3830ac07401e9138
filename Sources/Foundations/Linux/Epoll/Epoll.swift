internal import CShims
internal import Glibc

/// Readiness as epoll reports it.
public struct EpollEvents: OptionSet, Sendable, Hashable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let readable = EpollEvents(rawValue: 0x001)
  public static let writable = EpollEvents(rawValue: 0x004)
  /// Reported whether asked for or not.
  public static let error = EpollEvents(rawValue: 0x008)
  /// Both directions are closed; reported whether asked for or not.
  public static let hangup = EpollEvents(rawValue: 0x010)
  /// The peer has closed its direction.
  public static let peerClosed = EpollEvents(rawValue: 0x2000)
}

/// One epoll instance. Each registration carries 64 bits of the caller's, by which it tells events of a
/// descriptor's earlier owner from those of the present one.
public final class Epoll: Sendable {
  private let file: FileDescriptor

  public init() throws(LinuxError) {
    file = FileDescriptor(owning: try checked("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
  }

  public func add(_ descriptor: Int32, _ events: EpollEvents, registration: UInt64) throws(LinuxError) {
    try control(EPOLL_CTL_ADD, descriptor, events, registration)
  }

  public func modify(_ descriptor: Int32, _ events: EpollEvents, registration: UInt64) throws(LinuxError) {
    try control(EPOLL_CTL_MOD, descriptor, events, registration)
  }

  /// A descriptor that is not registered is no error.
  public func remove(_ descriptor: Int32) {
    var event = apus_epoll_event(0, 0)
    apus_count_other()
    epoll_ctl(file.number, EPOLL_CTL_DEL, descriptor, &event)
  }

  /// Waits until something is ready and calls `body` for each.
  /// - Parameter timeoutMilliseconds: -1 waits without end, 0 not at all.
  public func wait(
    into events: EpollEventBuffer, timeoutMilliseconds: Int32, _ body: (EpollEvents, UInt64) -> Void
  ) throws(LinuxError) {
    apus_count_wait()
    let count = epoll_wait(file.number, events.start, Int32(events.capacity), timeoutMilliseconds)
    if count < 0 {
      if errno == EINTR { return }
      throw LinuxError.current("epoll_wait")
    }
    for index in 0..<Int(count) {
      let event = events.start + index
      body(EpollEvents(rawValue: apus_epoll_event_events(event)), apus_epoll_event_data(event))
    }
  }

  private func control(
    _ operation: Int32, _ descriptor: Int32, _ events: EpollEvents, _ registration: UInt64
  ) throws(LinuxError) {
    let epoll = file.number
    try checked("epoll_ctl", "descriptor \(descriptor)") {
      var event = apus_epoll_event(events.rawValue, registration)
      apus_count_other()
      return epoll_ctl(epoll, operation, descriptor, &event)
    }
  }
}

/// Room for the events of one wait; belongs to one thread.
public final class EpollEventBuffer {
  let start: UnsafeMutablePointer<epoll_event>
  let capacity: Int

  public init(capacity: Int = 256) {
    self.capacity = capacity
    start = .allocate(capacity: capacity)
    start.initialize(repeating: apus_epoll_event(0, 0), count: capacity)
  }

  deinit { start.deallocate() }
}
