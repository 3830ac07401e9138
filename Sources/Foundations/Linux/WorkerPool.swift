internal import Synchronization

/// Named threads that work off a bounded queue of jobs for callers that do not wait. Threads start when there
/// is work for them, so that a pool that is never used costs nothing.
public final class WorkerPool: Sendable {
  private let queue: BlockingQueue<@Sendable () -> Void>
  private let name: String
  private let threadLimit: Int
  private let threads = Mutex(0)
  /// Jobs given and not yet finished.
  private let unfinished = Atomic<Int>(0)
  private let running = Atomic<Int>(0)

  /// - Parameters:
  ///   - threads: how many jobs run at a time.
  ///   - capacity: how many more may wait.
  public init(name: String, threads: Int, capacity: Int) {
    self.name = name
    threadLimit = max(1, threads)
    queue = BlockingQueue(capacity: max(1, capacity))
  }

  deinit { queue.close() }

  /// From any thread; does not block.
  /// - Returns: false where the queue is full: the job will not run.
  public func submit(_ job: @escaping @Sendable () -> Void) throws(LinuxError) -> Bool {
    let before = unfinished.add(1, ordering: .relaxed).oldValue
    do {
      try startThread(ifBusyWith: before)
    } catch {
      unfinished.subtract(1, ordering: .relaxed)
      throw error
    }
    let acceptance = queue.put { [self] in
      running.add(1, ordering: .relaxed)
      job()
      running.subtract(1, ordering: .relaxed)
      unfinished.subtract(1, ordering: .relaxed)
    }
    if acceptance != .accepted { unfinished.subtract(1, ordering: .relaxed) }
    return acceptance == .accepted
  }

  /// Jobs that no thread has taken yet.
  public var waiting: Int { max(0, unfinished.load(ordering: .relaxed) - running.load(ordering: .relaxed)) }

  private func startThread(ifBusyWith unfinished: Int) throws(LinuxError) {
    let index = threads.withLock { count -> Int? in
      guard count < threadLimit, unfinished >= count else { return nil }
      count += 1
      return count - 1
    }
    guard let index else { return }
    let jobs = queue
    do {
      try NamedThread.start("\(name)-\(index)") {
        while let job = jobs.takeBatch(limit: 1).first { job() }
      }
    } catch {
      // With one thread at least the job is done, only later.
      let left = threads.withLock { count in
        count -= 1
        return count
      }
      if left == 0 { throw error }
    }
  }
}
