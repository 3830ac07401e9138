/// One thread with its descriptors, timers and jobs. What a loop owns never leaves its thread.
public final class EventLoop: Sendable {
  /// Position in its group.
  public let index: Int

  init(index: Int) { self.index = index }

  /// Whether the caller is on this loop's thread.
  public var isCurrent: Bool { false }

  /// Runs `job` on the loop's thread soon. From any thread; the queue is bounded.
  /// - Returns: false where the queue is full or the loop has ended; the job will not run then.
  @discardableResult
  public func submit(_ job: @escaping @Sendable () -> Void) -> Bool { false }

  /// Calls `action` on the loop's thread after `delay`. Only from the loop's thread.
  @discardableResult
  public func schedule(after delay: Duration, _ action: @escaping () -> Void) -> LoopTimer { LoopTimer() }

  /// This loop's client for plain HTTP upstreams. Only from the loop's thread.
  public var httpClient: LoopHTTPClient { LoopHTTPClient(loop: self) }
}

/// A call that a loop makes later, unless cancelled. Lives on its loop's thread.
public final class LoopTimer {
  init() {}
  public func cancel() {}
}
