public import Linux

/// When a call leaves the loop, and how many may wait.
public struct SchedulerSettings: Sendable {
  /// A call that may take longer than this is computed by a worker.
  public var loopNanoseconds: Double = 200_000
  /// Threads that work for models at a time, where there is enough to do.
  public var threads: Int
  /// Threads that may run in all, those included that a model gets because it has none at work: a slow model
  /// keeps no other waiting.
  public var threadLimit: Int
  /// Calls that may wait per model; further ones are refused at once.
  public var capacity = 1024
  /// Calls that may wait for all models together, and the bytes of their inputs.
  public var totalCapacity = 16_384
  public var totalBytes = 1 << 30
  /// A call without a deadline that waited longer than this is refused instead of being computed.
  public var waitLimit: Duration = .seconds(60)
  /// Bytes of answers that are kept for equal requests; 0 for no response cache.
  public var cacheBytes = 0

  public init(threads: Int = ProcessStatistics.processorCount) {
    self.threads = max(1, threads)
    threadLimit = max(1, threads) + 30
  }

  var dispatchLimits: DispatchLimits {
    DispatchLimits(
      threads: threads, threadLimit: max(threads, threadLimit), capacity: max(1, totalCapacity),
      bytes: max(1, totalBytes))
  }

  func rules(for settings: ModelSettings) -> LaneRules {
    LaneRules(
      capacity: max(1, settings.queueCapacity ?? capacity),
      concurrency: max(1, settings.concurrency ?? threads), batch: settings.batching)
  }
}
