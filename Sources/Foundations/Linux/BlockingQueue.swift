internal import Glibc

/// A bounded queue between any threads and one that blocks for its next elements.
/// `@unchecked Sendable`: every access to `elements` and `isClosed` holds `mutex`.
public final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let capacity: Int
  private var elements: [Element] = []
  private var isClosed = false

  public init(capacity: Int) {
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

  /// What became of an element that was put in.
  public enum Acceptance: Sendable { case accepted, full, closed }

  /// Never blocks.
  public func put(_ element: Element) -> Acceptance {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if isClosed { return .closed }
    if elements.count >= capacity { return .full }
    elements.append(element)
    pthread_cond_signal(filled)
    return .accepted
  }

  /// Blocks until there is something, then takes at most `limit` elements, oldest first. Empty once the queue
  /// is closed and drained.
  public func takeBatch(limit: Int) -> [Element] {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while elements.isEmpty {
      if isClosed { return [] }
      pthread_cond_wait(filled, mutex)
    }
    if elements.count <= limit {
      let batch = elements
      elements = []
      return batch
    }
    let batch = Array(elements.prefix(limit))
    elements.removeFirst(batch.count)
    return batch
  }

  /// What is in the queue can still be taken; nothing more comes in.
  public func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_broadcast(filled)
    pthread_mutex_unlock(mutex)
  }
}
