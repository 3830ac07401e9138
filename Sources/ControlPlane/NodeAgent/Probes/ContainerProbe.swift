internal import Basics
internal import Synchronization

/// Tries one probe of one run of a container, as its schedule says, until it is stopped. It has a task while
/// it tries and while it waits for its first success; between the regular tries the node's timers hold it.
final class ContainerProbe: Sendable {
  private struct State {
    var schedule: ProbeSchedule
    /// In a row.
    var successes = 0
    var task: Task<Void, Never>?
    /// The regular try that a timer waits for.
    var resting: (timer: ProbeTimers.Identifier, next: ProbeSchedule.Try)?
    var isStopped = false
  }

  private let probe: ProbeSpec
  private let attempt: HandlerAttempt
  private let clock: any SleepingClock
  private let timers: ProbeTimers
  private let begin: Duration
  /// False where there is nothing more to try.
  private let tell: @Sendable (ProbeOutcome) -> Bool
  private let hurried = WakeSignal()
  private let state: Mutex<State>

  /// Successes in a row that are told beyond the threshold.
  private static let toldSuccesses = 2

  init(
    _ probe: ProbeSpec, context: NodeContext, attempt: HandlerAttempt,
    tell: @escaping @Sendable (ProbeOutcome) -> Bool
  ) {
    self.probe = probe
    self.attempt = attempt
    self.tell = tell
    clock = context.clock
    timers = context.probeTimers
    begin = context.clock.monotonicNow()
    state = Mutex(State(schedule: ProbeSchedule(probe)))
  }

  func start() { state.withLock { launch(nil, &$0) } }

  /// Tries at once: the container has said that something is new.
  func hurry() {
    let isResting = state.withLock { state -> Bool in
      guard let resting = state.resting else { return false }
      timers.cancel(resting.timer)
      launch(resting.next, &state)
      return true
    }
    if !isResting { hurried.signal() }
  }

  func stop() {
    state.withLock { state in
      state.isStopped = true
      state.task?.cancel()
      if let resting = state.resting { timers.cancel(resting.timer) }
      state.resting = nil
    }
  }

  private func launch(_ due: ProbeSchedule.Try?, _ state: inout State) {
    if state.isStopped { return }
    state.resting = nil
    state.task = Task(priority: .medium) { await run(due) }
  }

  /// - Parameter due: the try that the task was made for; nil at the beginning.
  private func run(_ due: ProbeSchedule.Try?) async {
    var due = due
    while true {
      if let due {
        guard await carryOut(due) else { return stop() }
      }
      let next = state.withLock { $0.schedule.next(after: clock.monotonicNow() - begin) }
      if next.countsFailure { return rest(until: next) }
      await sleep(until: begin + next.at)
      due = next
    }
  }

  /// False where that was the last try.
  private func carryOut(_ due: ProbeSchedule.Try) async -> Bool {
    if Task.isCancelled { return false }
    let problem = await attempt.run()
    if Task.isCancelled { return false }
    let successes = state.withLock { state in
      if problem == nil { state.schedule.succeeded() }
      state.successes = problem == nil ? state.successes &+ 1 : 0
      return state.successes
    }
    // One more success says nothing new.
    if successes > probe.successThreshold &+ Self.toldSuccesses { return true }
    return tell(
      ProbeOutcome(isSuccess: problem == nil, countsFailure: due.countsFailure, message: problem ?? ""))
  }

  /// Ends the task until the next regular try.
  private func rest(until next: ProbeSchedule.Try) {
    state.withLock { state in
      state.task = nil
      if state.isStopped { return }
      let timer = timers.wake(at: begin + next.at) { [weak self] in self?.wake() }
      state.resting = (timer, next)
    }
  }

  private func wake() {
    state.withLock { state in
      if let resting = state.resting { launch(resting.next, &state) }
    }
  }

  private func sleep(until deadline: Duration) async {
    let delay = deadline - clock.monotonicNow()
    guard delay > .zero else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [clock] in try? await clock.sleep(for: delay) }
      group.addTask { [hurried] in await hurried.wait() }
      await group.next()
      group.cancelAll()
    }
  }
}
