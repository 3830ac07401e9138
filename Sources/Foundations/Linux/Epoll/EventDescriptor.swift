internal import CShims
internal import Glibc

/// An eventfd: wakes a thread that waits in epoll. `signal` may come from any thread.
public final class EventDescriptor: Sendable {
  private let file: FileDescriptor

  public var descriptor: Int32 { file.number }

  public init() throws(LinuxError) {
    let flags = Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC)
    file = FileDescriptor(owning: try checked("eventfd") { eventfd(0, flags) })
  }

  public func signal() {
    var one: UInt64 = 1
    // The only failure is a counter that is already at its top: then the reader is awake anyhow.
    apus_count_other()
    _ = write(file.number, &one, 8)
  }

  /// Takes all signals so far.
  public func drain() {
    var count: UInt64 = 0
    apus_count_other()
    _ = read(file.number, &count, 8)
  }
}
