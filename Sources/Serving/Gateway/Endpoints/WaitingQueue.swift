internal import Synchronization

/// The requests of one Service that wait for an endpoint, from all loops, in the order in which they came.
/// Bounded. The lock is taken only by requests that wait.
final class WaitingQueue: Sendable {
  struct Waiter: Sendable {
    var ticket: UInt64
    var loop: GatewayLoop
  }

  private struct State {
    /// In order; of those that have left, until they are swept or come to the front.
    var order: [Waiter] = []
    var head = 0
    var present: Set<UInt64> = []
    var nextTicket: UInt64 = 0
  }

  private let state = Mutex(State())
  private let present = Atomic<Int>(0)

  /// How many wait. Sequentially consistent with the endpoints' counts: who ends a request sees whoever waits
  /// because of it, or is seen by them.
  var count: Int { present.load(ordering: .sequentiallyConsistent) }

  /// - Returns: the ticket, and whether nobody else waits; nil where `limit` are waiting already.
  func enter(_ loop: GatewayLoop, limit: Int) -> (ticket: UInt64, isFirst: Bool)? {
    state.withLock { state in
      guard state.present.count < limit else { return nil }
      state.nextTicket &+= 1
      let ticket = state.nextTicket
      state.order.append(Waiter(ticket: ticket, loop: loop))
      state.present.insert(ticket)
      present.add(1, ordering: .sequentiallyConsistent)
      return (ticket, state.present.count == 1)
    }
  }

  /// Gives up a place; does nothing where it was served meanwhile.
  func leave(_ ticket: UInt64) {
    state.withLock { state in
      guard state.present.remove(ticket) != nil else { return }
      present.subtract(1, ordering: .sequentiallyConsistent)
      let length = state.order.count - state.head
      if length > 64, length > 2 * state.present.count {
        state.order = state.order[state.head...].filter { state.present.contains($0.ticket) }
        state.head = 0
      }
    }
  }

  /// Takes the one that has waited longest.
  func next() -> Waiter? {
    state.withLock { state in
      while state.head < state.order.count {
        let waiter = state.order[state.head]
        state.head += 1
        if state.head > 64, state.head * 2 > state.order.count {
          state.order.removeFirst(state.head)
          state.head = 0
        }
        if state.present.remove(waiter.ticket) != nil {
          present.subtract(1, ordering: .sequentiallyConsistent)
          return waiter
        }
      }
      return nil
    }
  }

  /// Puts back what could not be handed over, in front and in the order given.
  func putBack(_ waiters: [Waiter]) {
    state.withLock { state in
      state.order = waiters + state.order[state.head...]
      state.head = 0
      for waiter in waiters where state.present.insert(waiter.ticket).inserted {
        present.add(1, ordering: .sequentiallyConsistent)
      }
    }
  }
}
