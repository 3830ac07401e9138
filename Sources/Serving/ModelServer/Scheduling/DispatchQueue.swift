/// What waits for a worker, in one lane per version of a model, and which of it is taken next. A pure state
/// machine: times come in as arguments, and threads are somebody else's.
///
/// A lane of which nothing runs goes first, the longest waiting one before the others, and may have a thread
/// beyond the ordinary number: so a slow model keeps nobody else waiting. Lanes that have threads already
/// share what is left, those with the fewest first.
struct DispatchQueue<Payload: Sendable>: Sendable {
  private var lanes: [UInt64: Lane] = [:]
  /// Lanes of which nothing runs and something waits, in the order in which they came to that; may hold some
  /// that have changed since.
  private var fresh = Fifo<UInt64>()
  /// Lanes of which something runs: as many as there are threads at most.
  private var busy: Set<UInt64> = []
  private let limits: DispatchLimits
  private var sequence: UInt64 = 0
  /// No deadline of what waits is before this.
  private var earliestDeadline: Duration?

  /// Jobs taken and not finished.
  private(set) var running = 0
  /// Items not taken yet, and what they hold.
  private(set) var waiting = 0
  private(set) var bytes = 0

  init(limits: DispatchLimits) { self.limits = limits }

  /// What becomes of an item.
  enum Admission: Sendable, Hashable {
    case queued
    /// The lane's capacity is used up.
    case laneFull(waiting: Int)
    /// All lanes together hold too much.
    case full(waiting: Int)
  }

  /// What one worker does next: items of one lane, to be computed together.
  struct Job: Sendable {
    var lane: UInt64
    var items: [WaitingItem<Payload>]
  }

  func waiting(in lane: UInt64) -> Int { lanes[lane]?.pending.count ?? 0 }

  mutating func add(_ item: WaitingItem<Payload>, lane id: UInt64, rules: LaneRules) -> Admission {
    let inLane = lanes[id]?.pending.count ?? 0
    if inLane >= rules.capacity { return .laneFull(waiting: inLane) }
    if waiting >= limits.capacity || (waiting > 0 && bytes > limits.bytes - item.bytes) {
      return .full(waiting: waiting)
    }
    sequence &+= 1
    var item = item
    item.sequence = sequence
    lanes[id, default: Lane(rules: rules)].insert(item, rules)
    waiting += 1
    bytes &+= item.bytes
    if let deadline = item.deadline { earliestDeadline = min(earliestDeadline ?? deadline, deadline) }
    noteFresh(id)
    return .queued
  }

  /// Takes what shall run now; nil where nothing may.
  mutating func next(now: Duration) -> Job? {
    guard let id = choose(now: now) else { return nil }
    guard let items = lanes[id]?.take(now: now), !items.isEmpty else { return nil }
    sequence &+= 1
    lanes[id]?.lastServed = sequence
    lanes[id]?.running += 1
    busy.insert(id)
    running += 1
    waiting -= items.count
    for item in items { bytes &-= item.bytes }
    return Job(lane: id, items: items)
  }

  /// The job of that lane has ended.
  mutating func finish(lane id: UInt64) {
    guard let lane = lanes[id], lane.running > 0 else { return }
    running -= 1
    lanes[id]?.running -= 1
    if lane.running > 1 { return }
    busy.remove(id)
    if lane.pending.isEmpty { lanes[id] = nil } else { noteFresh(id) }
  }

  /// Takes out what has waited beyond its deadline.
  mutating func expire(now: Duration) -> [WaitingItem<Payload>] {
    guard let earliest = earliestDeadline, earliest < now else { return [] }
    earliestDeadline = nil
    var expired: [WaitingItem<Payload>] = []
    for id in Array(lanes.keys) {
      expired += remove(lane: id) { $0.deadline.map { $0 < now } ?? false }
    }
    for lane in lanes.values {
      for item in lane.pending {
        if let deadline = item.deadline { earliestDeadline = min(earliestDeadline ?? deadline, deadline) }
      }
    }
    return expired
  }

  /// Takes out what nobody waits for any more.
  mutating func remove(
    lane id: UInt64, where isGone: (WaitingItem<Payload>) -> Bool
  ) -> [WaitingItem<Payload>] {
    guard let removed = lanes[id]?.remove(isGone), !removed.isEmpty else { return [] }
    waiting -= removed.count
    for item in removed { bytes &-= item.bytes }
    if let lane = lanes[id], lane.pending.isEmpty, lane.running == 0 { lanes[id] = nil }
    return removed
  }

  /// Whether `next` would give a job.
  func hasJob(now: Duration) -> Bool {
    if running < limits.threadLimit, fresh.contains(where: isFresh) { return true }
    return running < limits.threads && busy.contains { lanes[$0]?.isDue(now) ?? false }
  }

  /// When `next` or `expire` are worth a call although nothing came or ended until then.
  func nextMoment(now: Duration) -> Duration? {
    var moment = earliestDeadline
    for id in busy {
      guard let due = lanes[id]?.dueMoment, due > now else { continue }
      moment = min(moment ?? due, due)
    }
    return moment
  }

  // MARK: choosing

  private mutating func choose(now: Duration) -> UInt64? {
    if running >= limits.threadLimit { return nil }
    while let id = fresh.popFirst() {
      let isReal = isFresh(id)
      lanes[id]?.isListed = false
      if isReal { return id }
    }
    guard running < limits.threads else { return nil }
    var best: (id: UInt64, running: Int, served: UInt64)?
    for id in busy {
      guard let lane = lanes[id], lane.isDue(now) else { continue }
      if let found = best, (found.running, found.served) <= (lane.running, lane.lastServed) { continue }
      best = (id, lane.running, lane.lastServed)
    }
    return best?.id
  }

  private func isFresh(_ id: UInt64) -> Bool {
    guard let lane = lanes[id] else { return false }
    return lane.running == 0 && !lane.pending.isEmpty
  }

  private mutating func noteFresh(_ id: UInt64) {
    guard let lane = lanes[id], lane.running == 0, !lane.pending.isEmpty, !lane.isListed else { return }
    lanes[id]?.isListed = true
    fresh.append(id)
  }

  // MARK: one lane

  private struct Lane: Sendable {
    var rules: LaneRules
    /// In the order in which they are taken.
    var pending: [WaitingItem<Payload>] = []
    var running = 0
    var rows = 0
    var lastServed: UInt64 = 0
    /// Whether the lane is in `fresh`.
    var isListed = false

    init(rules: LaneRules) { self.rules = rules }

    mutating func insert(_ item: WaitingItem<Payload>, _ rules: LaneRules) {
      self.rules = rules
      var low = 0
      var high = pending.count
      while low < high {
        let middle = (low + high) / 2
        if pending[middle].turn <= item.turn { low = middle + 1 } else { high = middle }
      }
      pending.insert(item, at: low)
      rows &+= item.rows
    }

    /// Whether a job of this lane may start although one runs already, or none does.
    func isDue(_ now: Duration) -> Bool {
      guard !pending.isEmpty, running < rules.concurrency else { return false }
      guard let batch = rules.batch, running > 0, rows < batch.maximumRows else { return true }
      return oldestArrival.map { now - $0 >= batch.maximumDelay } ?? true
    }

    /// When the lane becomes due by waiting alone.
    var dueMoment: Duration? {
      guard let batch = rules.batch, running > 0, running < rules.concurrency, rows < batch.maximumRows
      else { return nil }
      return oldestArrival.map { $0 + batch.maximumDelay }
    }

    private var oldestArrival: Duration? { pending.lazy.map(\.arrival).min() }

    mutating func take(now: Duration) -> [WaitingItem<Payload>] {
      guard let first = pending.first else { return [] }
      guard let batch = rules.batch, let key = first.joinKey else {
        rows &-= first.rows
        return [pending.removeFirst()]
      }
      var taken: [WaitingItem<Payload>] = []
      var left: [WaitingItem<Payload>] = []
      var count = 0
      for item in pending {
        let (sum, overflow) = count.addingReportingOverflow(item.rows)
        if taken.isEmpty || (item.joinKey == key && !overflow && sum <= batch.maximumRows) {
          taken.append(item)
          count = sum
          rows &-= item.rows
        } else {
          left.append(item)
        }
      }
      pending = left
      return taken
    }

    mutating func remove(_ isGone: (WaitingItem<Payload>) -> Bool) -> [WaitingItem<Payload>] {
      let gone = pending.filter(isGone)
      guard !gone.isEmpty else { return [] }
      pending.removeAll(where: isGone)
      for item in gone { rows &-= item.rows }
      return gone
    }
  }
}

/// How much may wait and run in all lanes together.
struct DispatchLimits: Sendable, Hashable {
  /// Jobs at a time.
  var threads: Int
  /// Jobs at a time, those included that a lane gets because it has none.
  var threadLimit: Int
  /// Items that may wait, and the bytes that they may hold; one item may always wait.
  var capacity: Int
  var bytes: Int
}

/// What holds for one lane.
struct LaneRules: Sendable, Hashable {
  /// Items that may wait.
  var capacity: Int
  /// Jobs at a time.
  var concurrency: Int
  var batch: BatchSettings?
}

/// Something that waits for a worker.
struct WaitingItem<Payload: Sendable>: Sendable {
  var payload: Payload
  var arrival: Duration
  var deadline: Duration?
  var priority = InferencePriority.ordinary
  var rows = 1
  var bytes = 0
  /// Items with equal keys may be computed together; nil where nothing joins.
  var joinKey: JoinKey?
  fileprivate(set) var sequence: UInt64 = 0

  /// Each class of priority is worth a second of waiting.
  fileprivate var turn: Turn {
    Turn(time: arrival + .seconds(priority - InferencePriority.first), sequence: sequence)
  }

  fileprivate struct Turn: Comparable {
    var time: Duration
    var sequence: UInt64

    static func < (left: Turn, right: Turn) -> Bool {
      (left.time, left.sequence) < (right.time, right.sequence)
    }
  }

  init(
    _ payload: Payload, arrival: Duration, deadline: Duration? = nil,
    priority: Int = InferencePriority.ordinary, rows: Int = 1, bytes: Int = 0, joinKey: JoinKey? = nil
  ) {
    self.payload = payload
    self.arrival = arrival
    self.deadline = deadline
    self.priority = priority
    self.rows = rows
    self.bytes = bytes
    self.joinKey = joinKey
  }
}

/// First in, first out, without moving what waits.
struct Fifo<Element: Sendable>: Sendable {
  private var elements: [Element] = []
  private var head = 0

  var isEmpty: Bool { head == elements.count }
  var count: Int { elements.count - head }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func popFirst() -> Element? {
    guard head < elements.count else { return nil }
    let element = elements[head]
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 64, head > elements.count / 2 {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }

  func contains(where predicate: (Element) -> Bool) -> Bool { elements[head...].contains(where: predicate) }
}
