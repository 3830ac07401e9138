internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Synchronization
internal import Telemetry

/// Writes one pod's status: only changes, the latest only, one write at a time. What changes traffic goes out
/// at once, other changes wait a moment for company. Has a task only while something is unwritten.
final class PodStatusWriter: Sendable {
  private struct State {
    var wanted: JSONValue?
    var isUrgent = false
    var written: JSONValue?
    var isChanged = false
    var task: Task<Void, Never>?
    var isStopped = false
  }

  private let key: ObjectKey
  private let uid: String
  private let client: KubeClient
  private let clock: any SleepingClock
  private let log: Logger
  private let state = Mutex(State())
  private let urgent = WakeSignal()

  private static let companyDelay: Duration = .milliseconds(10)

  init(_ object: KubeObject, client: KubeClient, clock: any SleepingClock, log: Logger) {
    key = object.key
    uid = object.uid
    self.client = client
    self.clock = clock
    self.log = log
  }

  func write(_ status: JSONValue, isUrgent: Bool) {
    state.withLock { state in
      state.wanted = status
      state.isUrgent = state.isUrgent || isUrgent
      state.isChanged = true
      if state.task == nil && !state.isStopped {
        state.task = Task(priority: .medium) { await run() }
      }
    }
    if isUrgent { urgent.signal() }
  }

  /// Nothing is written any more.
  func stop() {
    let task = state.withLock { state in
      state.isStopped = true
      return state.task
    }
    task?.cancel()
  }

  private func run() async {
    var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(10))
    while hasWork() {
      if !state.withLock({ $0.isUrgent }) { await waitForCompany() }
      if await writeLatest() {
        backoff.reset()
      } else {
        state.withLock { $0.isChanged = true }
        do { try await clock.sleep(for: backoff.next()) } catch { continue }
      }
    }
  }

  /// False where the task is to end; another one comes with the next change.
  private func hasWork() -> Bool {
    state.withLock { state in
      if state.isChanged && !state.isStopped { return true }
      state.task = nil
      return false
    }
  }

  private func waitForCompany() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [clock] in try? await clock.sleep(for: Self.companyDelay) }
      group.addTask { [urgent] in await urgent.wait() }
      await group.next()
      group.cancelAll()
    }
  }

  /// Writes what is still unwritten. False where it must be tried again.
  private func writeLatest() async -> Bool {
    let wanted = state.withLock { state -> JSONValue? in
      state.isUrgent = false
      state.isChanged = false
      return state.wanted == state.written ? nil : state.wanted
    }
    guard let wanted else { return true }
    do {
      let patch: JSONValue = ["metadata": ["uid": .string(uid)], "status": wanted]
      try await client.patch(.pods, namespace: key.namespace, name: key.name, subresource: "status", patch)
      state.withLock { $0.written = wanted }
      return true
    } catch let error as KubeError where error.reason == .notFound {
      giveUp(wanted)
      return true
    } catch is CancellationError {
      return true
    } catch {
      if (error as? KubeError)?.reason == .conflict, await isReplaced() {
        giveUp(wanted)
        return true
      }
      log.warning("pod status not written; trying again", ["pod": key.description, "cause": "\(error)"])
      return false
    }
  }

  /// The pod is gone, or another of its name is there: nobody reads this status any more.
  private func giveUp(_ wanted: JSONValue) { state.withLock { $0.written = wanted } }

  /// A conflict says that the uid is another's, or only that many write at once.
  private func isReplaced() async -> Bool {
    do {
      return try await client.find(.pods, namespace: key.namespace, name: key.name)?.uid != uid
    } catch {
      return false
    }
  }
}
