internal import Basics
internal import Linux
internal import ModelRuntime

/// Ends predictions that nobody waits for any more. Clients tell of their going nowhere but on their
/// connection's loop, so a thread of its own looks after the long predictions that run, every 20 ms, and
/// sleeps
/// while there are none.
final class CancellationWatch: Sendable {
  static let shared = CancellationWatch()

  private struct Entry: Sendable {
    let isCancelled: (@Sendable () -> Bool)?
    let deadline: Duration?
    let cancellation: PredictCancellation
  }

  private struct State: Sendable {
    var entries: [UInt64: Entry] = [:]
    var next: UInt64 = 0
    var hasThread = false
  }

  /// Predictions that are expected to take less are over before anybody could end them.
  static let shortestNanoseconds: Double = 500_000
  private static let period = Duration.milliseconds(20)
  private let state = Monitor(State())

  /// Runs `body`; meanwhile `cancellation` is cancelled once the call's client is gone or its deadline
  /// passed.
  func watch<Result>(
    _ call: InferenceCall, _ cancellation: PredictCancellation, _ body: () -> Result
  ) -> Result {
    let entry = Entry(isCancelled: call.isCancelled, deadline: call.deadline, cancellation: cancellation)
    let number = state.withLock { state in
      state.next &+= 1
      state.entries[state.next] = entry
      if !state.hasThread {
        // Without a thread predictions run to their end.
        state.hasThread = (try? NamedThread.start("cancel-watch") { [self] in run() }) != nil
      }
      return state.next
    }
    state.signal()
    defer { state.withLock { _ = $0.entries.removeValue(forKey: number) } }
    return body()
  }

  private func run() {
    let clock = SystemClock()
    while true {
      // A full period after the last look, and not before there is something to look after.
      let due = clock.monotonicNow() + Self.period
      let entries: [Entry] = state.wait { state in
        if state.entries.isEmpty { return .wait(until: nil) }
        if clock.monotonicNow() < due { return .wait(until: due) }
        return .done(Array(state.entries.values))
      }
      let now = clock.monotonicNow()
      for entry in entries {
        let isLate = entry.deadline.map { $0 < now } ?? false
        if isLate || entry.isCancelled?() == true { entry.cancellation.cancel() }
      }
    }
  }
}
