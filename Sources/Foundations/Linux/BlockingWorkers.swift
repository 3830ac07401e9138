/// A few named threads that run blocking calls (files, DNS, waitpid) on behalf of async code, from a bounded
/// queue.
public final class BlockingWorkers: Sendable {
  /// The queue was full: the caller should answer "overloaded" at once.
  public struct QueueFull: Error, Sendable {}

  private let pool: WorkerPool

  /// - Parameters:
  ///   - name: shown as the threads' name.
  ///   - threads: how many jobs run at a time; each starts when there is work for it.
  ///   - capacity: how many more may wait.
  public init(name: String, threads: Int, capacity: Int = 1024) {
    pool = WorkerPool(name: name, threads: threads, capacity: capacity)
  }

  /// Runs `body` on one of the threads and returns what it returns.
  /// - Throws: what `body` throws, `QueueFull`, or `LinuxError` where no thread can be started.
  public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      do {
        let accepted = try pool.submit { continuation.resume(with: Result { try body() }) }
        if !accepted { continuation.resume(throwing: QueueFull()) }
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }
}
