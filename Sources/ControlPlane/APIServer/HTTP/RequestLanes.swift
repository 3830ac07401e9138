internal import KubeProtocol
internal import Synchronization

/// How many requests of clients are worked on at once, and how many wait: reads and writes each in their
/// lane, so that a storm of one kind leaves the other alone. What does not fit is refused at once. Among
/// those that wait, users take turns, so that one busy client does not hold up the others.
final class RequestLanes: Sendable {
  enum Kind: Sendable { case read, write }

  struct Limits: Sendable {
    var running: Int
    var waiting: Int
    /// Of one user's requests among those that wait.
    var waitingPerUser: Int
  }

  private struct Lane {
    var limits: Limits
    var running = 0
    var waiting = 0
    /// Users with waiting requests, the next one first.
    var turns: [String] = []
    var queues: [String: [(number: Int, continuation: CheckedContinuation<Bool, Never>)]] = [:]
    var next = 0
  }

  private final class SharedLane: Sendable {
    let mutex: Mutex<Lane>

    init(_ limits: Limits) { mutex = Mutex(Lane(limits: limits)) }
  }

  private let reads: SharedLane
  private let writes: SharedLane

  init(
    reads: Limits = Limits(running: 256, waiting: 1024, waitingPerUser: 768),
    writes: Limits = Limits(running: 128, waiting: 1024, waitingPerUser: 768)
  ) {
    self.reads = SharedLane(reads)
    self.writes = SharedLane(writes)
  }

  /// Runs the body when it is its turn. Throws 429 where too many wait.
  func run<Value>(_ kind: Kind, user: String, _ body: () async throws -> Value) async throws -> Value {
    let lane = kind == .read ? reads : writes
    try await enter(lane, user)
    defer { leave(lane) }
    return try await body()
  }

  /// How many wait now.
  func waitingCount(_ kind: Kind) -> Int { (kind == .read ? reads : writes).mutex.withLock { $0.waiting } }

  /// Whether every place is taken.
  func isBusy(_ kind: Kind) -> Bool {
    (kind == .read ? reads : writes).mutex.withLock { $0.running >= $0.limits.running }
  }

  private func enter(_ lane: SharedLane, _ user: String) async throws(KubeError) {
    enum Way { case free, full, wait(Int) }
    let way = lane.mutex.withLock { lane -> Way in
      if lane.running < lane.limits.running {
        lane.running += 1
        return .free
      }
      guard lane.waiting < lane.limits.waiting,
        lane.queues[user]?.count ?? 0 < lane.limits.waitingPerUser
      else { return .full }
      lane.next &+= 1
      lane.waiting += 1
      return .wait(lane.next)
    }
    switch way {
    case .free: return
    case .full: throw Self.refusal
    case .wait(let number):
      if await !wait(lane, user, number) { throw Self.refusal }
    }
  }

  /// False where the caller was cancelled.
  private func wait(_ lane: SharedLane, _ user: String, _ number: Int) async -> Bool {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isCancelled = Task.isCancelled
        let answer = lane.mutex.withLock { lane -> Bool? in
          if isCancelled {
            lane.waiting -= 1
            return false
          }
          // A place may have become free in the meantime.
          if lane.running < lane.limits.running {
            lane.waiting -= 1
            lane.running += 1
            return true
          }
          if lane.queues[user] == nil { lane.turns.append(user) }
          lane.queues[user, default: []].append((number, continuation))
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let removed = lane.mutex.withLock { lane -> CheckedContinuation<Bool, Never>? in
        guard let index = lane.queues[user]?.firstIndex(where: { $0.number == number }) else { return nil }
        lane.waiting -= 1
        let removed = lane.queues[user]?.remove(at: index).continuation
        if lane.queues[user]?.isEmpty ?? false {
          lane.queues[user] = nil
          lane.turns.removeAll { $0 == user }
        }
        return removed
      }
      removed?.resume(returning: false)
    }
  }

  private func leave(_ lane: SharedLane) {
    let next = lane.mutex.withLock { lane -> CheckedContinuation<Bool, Never>? in
      guard let user = lane.turns.first, let first = lane.queues[user]?.first else {
        lane.running -= 1
        return nil
      }
      lane.turns.removeFirst()
      lane.waiting -= 1
      lane.queues[user]?.removeFirst()
      if lane.queues[user]?.isEmpty ?? true {
        lane.queues[user] = nil
      } else {
        lane.turns.append(user)
      }
      return first.continuation
    }
    next?.resume(returning: true)
  }

  private static let refusal: KubeError = {
    var error = KubeError(.tooManyRequests, "too many requests, please try again later")
    error.retryAfterSeconds = 1
    return error
  }()
}
