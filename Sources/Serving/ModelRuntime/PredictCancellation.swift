internal import Synchronization

/// Tells a running prediction that nobody waits for it any more: the client went away, or the deadline
/// passed.
public final class PredictCancellation: Sendable {
  private struct State {
    var isCancelled = false
    var handler: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  public init() {}

  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Whether a prediction runs now that can be ended.
  public var isHeeded: Bool { state.withLock { $0.handler != nil } }

  /// From any thread, any number of times; the runtime's handler runs once, under this object's lock, so that
  /// it has ended when `withHandler` returns.
  public func cancel() {
    state.withLock { state in
      state.isCancelled = true
      state.handler?()
      state.handler = nil
    }
  }

  /// Runs `body`; meanwhile `handler` is called if the prediction is cancelled (at once if it was before).
  /// - Parameter handler: must not block, nor use this object.
  public func withHandler<Result>(_ handler: @escaping @Sendable () -> Void, _ body: () -> Result) -> Result {
    state.withLock { state in
      if state.isCancelled { handler() } else { state.handler = handler }
    }
    defer { state.withLock { $0.handler = nil } }
    return body()
  }
}
