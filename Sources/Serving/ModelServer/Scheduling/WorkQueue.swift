internal import Basics
internal import Linux
internal import Synchronization

/// Worker threads over a `DispatchQueue`, and one that looks after what waits too long. Threads start when
/// there is something for them.
final class WorkQueue<Payload: Sendable>: Sendable {
  typealias Item = WaitingItem<Payload>
  typealias Job = DispatchQueue<Payload>.Job

  /// What the threads call; nothing is locked meanwhile.
  struct Actions: Sendable {
    /// Computes a job; the lane's next one may start when this returns.
    var run: @Sendable (Job) -> Void
    /// The item's deadline passed while it waited.
    var expire: @Sendable (Item) -> Void
    /// Nobody waits for the item any more.
    var isGone: @Sendable (Payload) -> Bool
    /// An item was taken out because nobody waits for it.
    var drop: @Sendable (Item) -> Void
  }

  private struct State: Sendable {
    var queue: DispatchQueue<Payload>
    var threads = 0
    var idle = 0
    var isClosed = false
    var hasTimekeeper = false
  }

  private enum Task {
    case run(Job)
    case end
  }

  private struct Timer: Sendable {
    var moment: Duration?
    var isClosed = false
  }

  private let name: String
  private let limits: DispatchLimits
  private let actions: Actions
  private let clock: any WallClock
  private let monitor: Monitor<State>
  private let timer = Monitor(Timer())
  private let waitingItems = Atomic<Int>(0)

  init(name: String, limits: DispatchLimits, clock: any WallClock, actions: Actions) {
    self.name = name
    self.limits = limits
    self.clock = clock
    self.actions = actions
    monitor = Monitor(State(queue: DispatchQueue(limits: limits)))
  }

  /// Items that no worker has taken yet; reading it takes no lock.
  var waiting: Int { waitingItems.load(ordering: .relaxed) }

  /// From any thread; does not block.
  func add(_ item: Item, lane: UInt64, rules: LaneRules) -> DispatchQueue<Payload>.Admission {
    var dropped: [Item] = []
    var mustStart = false
    var moment: Duration?
    let admission = monitor.withLock { state in
      var admission = state.queue.add(item, lane: lane, rules: rules)
      if case .laneFull = admission {
        dropped = state.queue.remove(lane: lane) { actions.isGone($0.payload) }
        if !dropped.isEmpty { admission = state.queue.add(item, lane: lane, rules: rules) }
      }
      if admission == .queued {
        mustStart =
          state.idle == 0 && state.threads < limits.threadLimit && state.queue.hasJob(now: item.arrival)
        if mustStart { state.threads += 1 }
        moment = state.queue.nextMoment(now: item.arrival)
      }
      waitingItems.store(state.queue.waiting, ordering: .relaxed)
      return admission
    }
    for item in dropped { actions.drop(item) }
    guard admission == .queued else { return admission }
    if mustStart { startThread() } else { monitor.signal() }
    if let moment { arm(moment) }
    return admission
  }

  /// Lets the threads end once what waits is done.
  func close() {
    monitor.withLock { $0.isClosed = true }
    monitor.broadcast()
    timer.withLock { $0.isClosed = true }
    timer.broadcast()
  }

  // MARK: workers

  private func startThread() {
    do {
      try NamedThread.start(name) { self.work() }
    } catch {
      // The other threads do it. Where there is none, what waits runs into its deadline, and the next call
      // tries again.
      monitor.withLock { $0.threads -= 1 }
    }
  }

  private func work() {
    var isIdle = false
    while true {
      var needsAnother = false
      let task: Task = monitor.wait { state in
        if isIdle {
          isIdle = false
          state.idle -= 1
        }
        let now = clock.monotonicNow()
        if let job = state.queue.next(now: now) {
          waitingItems.store(state.queue.waiting, ordering: .relaxed)
          // Whoever put in the next one may have taken this thread for one that is free.
          if state.queue.hasJob(now: now) {
            needsAnother = state.idle == 0 && state.threads < limits.threadLimit
            if needsAnother { state.threads += 1 } else { monitor.signal() }
          }
          return .done(.run(job))
        }
        if state.isClosed && state.queue.waiting == 0 {
          state.threads -= 1
          return .done(.end)
        }
        isIdle = true
        state.idle += 1
        return .wait(until: nil)
      }
      guard case .run(let job) = task else { return }
      if needsAnother { startThread() }
      actions.run(job)
      let moment = monitor.withLock { state in
        state.queue.finish(lane: job.lane)
        return state.queue.nextMoment(now: clock.monotonicNow())
      }
      if let moment { arm(moment) }
    }
  }

  // MARK: time

  /// Has the timekeeper look at the queue at that moment, or before.
  private func arm(_ moment: Duration) {
    let isNew = timer.withLock { timer in
      guard timer.moment.map({ moment < $0 }) ?? true else { return false }
      timer.moment = moment
      return true
    }
    guard isNew else { return }
    let mustStart = monitor.withLock { state in
      guard !state.hasTimekeeper, !state.isClosed else { return false }
      state.hasTimekeeper = true
      return true
    }
    guard mustStart else {
      timer.signal()
      return
    }
    do {
      try NamedThread.start("\(name)-timer") { self.keepTime() }
    } catch {
      monitor.withLock { $0.hasTimekeeper = false }
    }
  }

  private func keepTime() {
    while true {
      let isEnd: Bool = timer.wait { timer in
        if timer.isClosed { return .done(true) }
        guard let moment = timer.moment else { return .wait(until: nil) }
        guard clock.monotonicNow() >= moment else { return .wait(until: moment) }
        timer.moment = nil
        return .done(false)
      }
      if isEnd { return }
      let (expired, moment, needsThread) = monitor.withLock { state in
        let now = clock.monotonicNow()
        let expired = state.queue.expire(now: now)
        waitingItems.store(state.queue.waiting, ordering: .relaxed)
        let hasJob = state.queue.hasJob(now: now)
        let needsThread = hasJob && state.idle == 0 && state.threads < limits.threadLimit
        if needsThread { state.threads += 1 }
        return (expired, state.queue.nextMoment(now: now), needsThread)
      }
      if needsThread { startThread() } else { monitor.signal() }
      for item in expired { actions.expire(item) }
      // Deadlines count as passed only after their moment.
      if let moment { arm(max(moment, clock.monotonicNow()) + .microseconds(1)) }
    }
  }
}
