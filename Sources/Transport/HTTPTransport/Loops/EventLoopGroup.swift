public import Linux
internal import Synchronization

/// A fixed set of event loops, each with its own thread. Loops that are still running when the group is let
/// go are stopped.
public final class EventLoopGroup: Sendable {
  public let loops: [EventLoop]
  private let turn = Atomic<Int>(0)

  /// - Parameter name: shown as the threads' name.
  public init(loops count: Int, name: String) throws(LinuxError) {
    ProcessSignals.ignoreBrokenPipes()
    var made: [EventLoop] = []
    for index in 0..<max(1, count) { made.append(try EventLoop(index: index)) }
    loops = made
    for loop in loops { try loop.start(name: "\(name)-\(loop.index)") }
  }

  deinit {
    for loop in loops { loop.stop() }
  }

  /// The loops in turn.
  public func next() -> EventLoop {
    let index = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    return loops[Int(UInt(bitPattern: index) % UInt(loops.count))]
  }

  /// Stops all loops; what is still open on them is closed. Returns once their threads are done.
  public func shutdown() async {
    for loop in loops {
      await withCheckedContinuation { continuation in
        loop.stop { continuation.resume() }
      }
    }
  }
}
