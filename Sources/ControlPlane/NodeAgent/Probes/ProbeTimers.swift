internal import Basics
internal import Linux
internal import Synchronization

/// Wakes the probes of all pods when they are due: those of the same tenth of a second together, on one
/// timer, so that a thousand pods at rest cost the node a few wake-ups a second.
final class ProbeTimers: Sendable {
  struct Identifier: Sendable {
    fileprivate let tick: Int64
    fileprivate let number: UInt64
  }

  private struct State {
    /// By the number of the tenth of a second.
    var waiting: [Int64: [UInt64: @Sendable () -> Void]] = [:]
    var next: UInt64 = 1
    /// When `run` wakes by itself; nil while it waits for the first probe.
    var wakesAt: Int64?
  }

  private let clock: any SleepingClock
  private let state = Mutex(State())
  private let changed = WakeSignal()

  private static let ticksPerSecond: Int64 = 10

  init(clock: any SleepingClock) { self.clock = clock }

  /// Calls `body` once, up to a tenth of a second after the deadline.
  func wake(at deadline: Duration, _ body: @escaping @Sendable () -> Void) -> Identifier {
    let tick = Self.tick(deadline) + 1
    let (number, isEarlier) = state.withLock { state in
      let number = state.next
      state.next &+= 1
      state.waiting[tick, default: [:]][number] = body
      return (number, state.wakesAt.map { tick < $0 } ?? true)
    }
    if isEarlier { changed.signal() }
    return Identifier(tick: tick, number: number)
  }

  /// One that is being called may still be.
  func cancel(_ identifier: Identifier) {
    state.withLock { state in
      state.waiting[identifier.tick]?[identifier.number] = nil
      if state.waiting[identifier.tick]?.isEmpty == true { state.waiting[identifier.tick] = nil }
    }
  }

  /// Wakes who is due until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      let now = Self.tick(clock.monotonicNow())
      let (due, next) = state.withLock { state -> ([@Sendable () -> Void], Int64?) in
        var due: [@Sendable () -> Void] = []
        for tick in state.waiting.keys where tick <= now {
          due += state.waiting.removeValue(forKey: tick)?.values.map { $0 } ?? []
        }
        state.wakesAt = state.waiting.keys.min()
        return (due, state.wakesAt)
      }
      for wake in due { wake() }
      await wait(until: next)
    }
  }

  private func wait(until tick: Int64?) async {
    guard let tick else {
      await changed.wait()
      return
    }
    let delay = .milliseconds(tick * 1000 / Self.ticksPerSecond) - clock.monotonicNow()
    guard delay > .zero else { return }
    await withTaskGroup(of: Void.self) { group in
      // Cancelled when an earlier one comes: that is not a failure.
      group.addTask { [clock] in try? await clock.sleep(for: delay) }
      group.addTask { [changed] in await changed.wait() }
      await group.next()
      group.cancelAll()
    }
  }

  private static func tick(_ time: Duration) -> Int64 {
    let milliseconds = time.wholeMilliseconds
    return milliseconds / (1000 / ticksPerSecond)
  }
}
