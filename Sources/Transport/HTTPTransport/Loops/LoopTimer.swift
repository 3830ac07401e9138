/// A call that a loop makes later, unless cancelled. Lives on its loop's thread.
public final class LoopTimer {
  /// When to fire, in the loop's nanoseconds.
  private(set) var deadline: UInt64
  /// The key of this timer's live entry in the queue; entries with other keys are leftovers.
  fileprivate var queuedAt: UInt64?
  fileprivate var action: (() -> Void)?
  fileprivate let firesAtEnd: Bool
  private let queue: TimerQueue

  fileprivate init(deadline: UInt64, firesAtEnd: Bool, queue: TimerQueue, action: @escaping () -> Void) {
    self.deadline = deadline
    self.firesAtEnd = firesAtEnd
    self.queue = queue
    self.action = action
  }

  public func cancel() {
    guard action != nil else { return }
    action = nil
    if queuedAt != nil { queue.noteCancelled() }
  }

  /// Fires at `deadline` instead. Moving it back is only a store: the queue finds out when the old time
  /// comes.
  func move(to deadline: UInt64) {
    guard action != nil else { return }
    self.deadline = deadline
    if let queuedAt, queuedAt <= deadline { return }
    queue.insert(self)
  }
}

/// A loop's timers as a binary heap. Moved and cancelled timers leave stale entries behind, which are
/// skipped, and swept once they are the majority.
final class TimerQueue {
  private struct Entry {
    var key: UInt64
    var timer: LoopTimer
  }

  private var heap: [Entry] = []
  private var cancelled = 0
  private var hasEnded = false

  /// The time of the next entry, which may turn out to be stale.
  var nextKey: UInt64? { heap.first?.key }

  func add(at deadline: UInt64, firesAtEnd: Bool, _ action: @escaping () -> Void) -> LoopTimer {
    let timer = LoopTimer(deadline: deadline, firesAtEnd: firesAtEnd, queue: self, action: action)
    insert(timer)
    return timer
  }

  /// Calls every action that is due. An action may move its own timer on, which fires again then.
  func fire(now: UInt64) {
    while let first = heap.first, first.key <= now {
      removeFirst()
      let timer = first.timer
      guard timer.queuedAt == first.key else { continue }
      timer.queuedAt = nil
      guard let action = timer.action else {
        cancelled = max(0, cancelled - 1)
        continue
      }
      if timer.deadline > now {
        insert(timer)
      } else {
        action()
      }
    }
  }

  /// Calls the deadlines' actions and takes nothing more; later timers are over at once.
  func end() {
    hasEnded = true
    let entries = exchange(&heap, [])
    for entry in entries {
      let action = exchange(&entry.timer.action, nil)
      if entry.timer.firesAtEnd { action?() }
    }
  }

  fileprivate func insert(_ timer: LoopTimer) {
    if hasEnded {
      let action = exchange(&timer.action, nil)
      if timer.firesAtEnd { action?() }
      return
    }
    timer.queuedAt = timer.deadline
    heap.append(Entry(key: timer.deadline, timer: timer))
    siftUp(heap.count - 1)
  }

  fileprivate func noteCancelled() {
    cancelled += 1
    guard cancelled > 256, cancelled * 2 > heap.count else { return }
    heap.removeAll { $0.timer.action == nil || $0.timer.queuedAt != $0.key }
    cancelled = 0
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
  }

  private func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    siftDown(0)
  }

  private func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      if heap[parent].key <= heap[index].key { return }
      heap.swapAt(parent, index)
      index = parent
    }
  }

  private func siftDown(_ start: Int) {
    var index = start
    while true {
      var smallest = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
        if heap[child].key < heap[smallest].key { smallest = child }
      }
      if smallest == index { return }
      heap.swapAt(smallest, index)
      index = smallest
    }
  }
}
