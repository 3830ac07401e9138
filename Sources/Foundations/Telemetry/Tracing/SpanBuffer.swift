internal import Synchronization
public import Basics

/// Spans on their way to an exporter: a bounded number; what does not fit is dropped and counted, so that
/// tracing never holds a request up.
public final class SpanBuffer: Sendable {
  private struct State {
    var spans: [Span] = []
    var dropped: UInt64 = 0
  }

  private let capacity: Int
  private let batch: Int
  private let state = Mutex(State())
  /// Signalled when there is a whole batch.
  public let filled = WakeSignal()

  /// - Parameters:
  ///   - capacity: spans that may wait.
  ///   - batch: how many are worth sending at once.
  public init(capacity: Int, batch: Int) {
    self.capacity = max(1, capacity)
    self.batch = max(1, min(batch, capacity))
  }

  public func add(_ span: Span) {
    let isFull = state.withLock { state in
      guard state.spans.count < capacity else {
        state.dropped &+= 1
        return false
      }
      state.spans.append(span)
      return state.spans.count == batch
    }
    if isFull { filled.signal() }
  }

  /// The oldest spans, one batch at most; empty where there are none.
  public func takeBatch() -> [Span] {
    state.withLock { state in
      let taken = Array(state.spans.prefix(batch))
      state.spans.removeFirst(taken.count)
      return taken
    }
  }

  /// Spans that were taken and not sent become the oldest again, as far as there is room.
  public func putBack(_ spans: [Span]) {
    state.withLock { state in
      let kept = spans.suffix(max(0, capacity - state.spans.count))
      state.dropped &+= UInt64(spans.count - kept.count)
      state.spans.insert(contentsOf: kept, at: 0)
    }
  }

  /// Counts spans that could not be delivered as dropped.
  public func drop(_ spans: Int) { state.withLock { $0.dropped &+= UInt64(max(0, spans)) } }

  public var dropped: UInt64 { state.withLock { $0.dropped } }
  public var count: Int { state.withLock { $0.spans.count } }
}
