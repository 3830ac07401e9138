public import Linux

/// A fixed set of event loops, each with its own thread.
public final class EventLoopGroup: Sendable {
  public let loops: [EventLoop]

  /// - Parameter name: shown as the threads' name.
  public init(loops count: Int, name: String) throws(LinuxError) {
    loops = (0..<max(1, count)).map { EventLoop(index: $0) }
  }

  /// Stops all loops; what is still open on them is closed. Returns once the threads are gone.
  public func shutdown() async {}
}
