public import Linux

/// When a call leaves the loop, and how many may wait.
public struct SchedulerSettings: Sendable {
  /// A call that may take longer than this is computed by a worker.
  public var loopNanoseconds: Double = 200_000
  /// Threads that work for models at a time, where there is enough to do.
  public var threads: Int
  /// Calls that may wait per model; further ones are refused at once.
  public var capacity = 1024
  /// A call without a deadline that waited longer than this is refused instead of being computed.
  public var waitLimit: Duration = .seconds(60)

  public init(threads: Int = ProcessStatistics.processorCount) { self.threads = threads }
}
