internal import Synchronization
internal import Glibc

/// A few named threads that run blocking calls (files, DNS, waitpid) on behalf of async code, from a bounded queue.
public final class BlockingWorkers: Sendable {
  /// The queue was full: the caller should answer "overloaded" at once.
  public struct QueueFull: Error, Sendable {}

  private let queue: JobQueue

  /// - Parameters:
  ///   - name: shown as the threads' name.
  ///   - threads: how many jobs run at a time.
  ///   - capacity: how many more may wait.
  public init(name: String, threads: Int, capacity: Int = 1024) throws(LinuxError) {
    queue = JobQueue(capacity: capacity)
    let jobs = queue
    for index in 0..<threads {
      try NamedThread.start("\(name)-\(index)") {
        while let job = jobs.take() { job() }
      }
    }
  }

  deinit { queue.close() }

  /// Runs `body` on one of the threads, for callers that are no tasks.
  /// - Returns: false where the queue is full; `body` will not run then.
  public func submit(_ body: @escaping @Sendable () -> Void) -> Bool { queue.put(body) }

  /// Runs `body` on one of the threads and returns what it returns.
  public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let accepted = queue.put { continuation.resume(with: Result { try body() }) }
      if !accepted { continuation.resume(throwing: QueueFull()) }
    }
  }
}

/// A bounded queue of closures with a condition variable.
/// `@unchecked Sendable`: every access to `jobs` and `isClosed` holds `mutex`.
final class JobQueue: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let capacity: Int
  private var jobs: [@Sendable () -> Void] = []
  private var head = 0
  private var isClosed = false

  init(capacity: Int) {
    self.capacity = capacity
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(filled, nil)
  }

  deinit {
    pthread_cond_destroy(filled)
    pthread_mutex_destroy(mutex)
    filled.deallocate()
    mutex.deallocate()
  }

  func put(_ job: @escaping @Sendable () -> Void) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if isClosed || jobs.count - head >= capacity { return false }
    jobs.append(job)
    pthread_cond_signal(filled)
    return true
  }

  /// Blocks until there is a job; nil once closed and empty.
  func take() -> (@Sendable () -> Void)? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while head == jobs.count {
      if isClosed { return nil }
      pthread_cond_wait(filled, mutex)
    }
    let job = jobs[head]
    head += 1
    if head > 64 && head * 2 > jobs.count {
      jobs.removeFirst(head)
      head = 0
    }
    return job
  }

  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_broadcast(filled)
    pthread_mutex_unlock(mutex)
  }
}
