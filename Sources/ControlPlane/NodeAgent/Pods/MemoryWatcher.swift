internal import Basics
internal import Linux
internal import Synchronization
internal import Telemetry

/// Looks at the memory of all containers that have a limit, each as often as `MemoryWatch` says: one task for
/// the node, so that a thousand idle pods cost a few looks a second.
final class MemoryWatcher: Sendable {
  typealias Identifier = UInt64

  private struct Watch: Sendable {
    var process: Int32
    var limit: Int64
    var begin: Duration
    var due: Duration
    var used: Int64 = 0
    /// What the machine had at the last look.
    var available: Int64 = 0
    var exceeded: @Sendable () -> Void
  }

  private struct State {
    var watches: [Identifier: Watch] = [:]
    var next: Identifier = 1
  }

  private let clock: any SleepingClock
  private let workers: BlockingWorkers
  private let log: Logger
  private let state = Mutex(State())
  private let added = WakeSignal()

  /// How often the machine's free memory is looked at.
  private static let tick: Duration = .milliseconds(500)

  init(clock: any SleepingClock, workers: BlockingWorkers, log: Logger) {
    self.clock = clock
    self.workers = workers
    self.log = log
  }

  /// - Parameter exceeded: called once; nothing is looked at afterwards.
  func watch(_ process: Int32, limit: Int64, exceeded: @escaping @Sendable () -> Void) -> Identifier {
    let now = clock.monotonicNow()
    let identifier = state.withLock { state in
      let identifier = state.next
      state.next &+= 1
      state.watches[identifier] = Watch(
        process: process, limit: limit, begin: now,
        due: now + MemoryWatch.pause(used: 0, limit: limit, age: .zero), exceeded: exceeded)
      return identifier
    }
    added.signal()
    return identifier
  }

  func stop(_ identifier: Identifier) { state.withLock { $0.watches[identifier] = nil } }

  /// Looks until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      let now = clock.monotonicNow()
      guard let earliest = state.withLock({ $0.watches.values.lazy.map(\.due).min() }) else {
        await added.wait()
        continue
      }
      do {
        try await clock.sleep(for: min(Self.tick, max(.milliseconds(10), earliest - now)))
        try await look()
      } catch is CancellationError {
        return
      } catch {
        log.warning("the memory of containers cannot be looked at", ["cause": "\(error)"])
      }
    }
  }

  private func look() async throws {
    let now = clock.monotonicNow()
    let all = state.withLock { $0.watches }
    let (available, used) = try await workers.run { () -> (Int64, [Identifier: Int64]) in
      let available = Int64(clamping: ProcessTable.availableMemoryBytes)
      let due = all.filter { _, watch in
        watch.due <= now
          || MemoryWatch.mayHaveGrown(
            used: watch.used, limit: watch.limit, availableThen: watch.available, availableNow: available)
      }
      return (available, due.mapValues { MemoryWatch.residentBytes($0.process) })
    }
    var exceeded: [@Sendable () -> Void] = []
    state.withLock { state in
      for (identifier, bytes) in used {
        guard var watch = state.watches.removeValue(forKey: identifier) else { continue }
        if bytes > watch.limit {
          exceeded.append(watch.exceeded)
          continue
        }
        watch.used = bytes
        watch.available = available
        watch.due = now + MemoryWatch.pause(used: bytes, limit: watch.limit, age: now - watch.begin)
        state.watches[identifier] = watch
      }
    }
    for tell in exceeded { tell() }
  }
}
