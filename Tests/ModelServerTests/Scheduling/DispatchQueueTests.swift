import Basics
import InferenceProtocol
import Testing

@testable import ModelServer

struct DispatchQueueTests {
  private typealias Queue = DispatchQueue<Int>

  private func queue(threads: Int = 2, limit: Int = 4, capacity: Int = 1000, bytes: Int = 1 << 30) -> Queue {
    Queue(limits: DispatchLimits(threads: threads, threadLimit: limit, capacity: capacity, bytes: bytes))
  }

  private func rules(
    capacity: Int = 100, concurrency: Int = 2, batch: BatchSettings? = nil
  ) -> LaneRules {
    LaneRules(capacity: capacity, concurrency: concurrency, batch: batch)
  }

  private func at(_ milliseconds: Int) -> Duration { .milliseconds(milliseconds) }

  private func key(_ width: Int = 4) -> JoinKey {
    JoinKey(instance: 1, inputs: [.init(name: "x", datatype: .fp32, isRaw: false, row: [width])])
  }

  @Test func oneLaneIsTakenInTheOrderOfArrival() {
    var queue = queue()
    for index in 0..<3 {
      #expect(queue.add(WaitingItem(index, arrival: at(index)), lane: 1, rules: rules()) == .queued)
    }
    var taken: [Int] = []
    while let job = queue.next(now: at(10)) {
      taken += job.items.map(\.payload)
      queue.finish(lane: job.lane)
    }
    #expect(taken == [0, 1, 2])
    #expect(queue.running == 0)
    #expect(queue.waiting == 0)
  }

  @Test func aHigherPriorityOvertakesWithinASecondOnly() {
    var queue = queue()
    _ = queue.add(WaitingItem(1, arrival: at(0), priority: 6), lane: 1, rules: rules())
    _ = queue.add(WaitingItem(2, arrival: at(500), priority: 5), lane: 1, rules: rules())
    _ = queue.add(WaitingItem(3, arrival: at(1500), priority: 5), lane: 1, rules: rules())
    var taken: [Int] = []
    while let job = queue.next(now: at(2000)) {
      taken += job.items.map(\.payload)
      queue.finish(lane: job.lane)
    }
    #expect(taken == [2, 1, 3])
  }

  @Test func aLaneWithoutAThreadGetsOneBeyondTheOrdinaryNumber() {
    var queue = queue(threads: 2, limit: 3)
    for index in 0..<5 { _ = queue.add(WaitingItem(index, arrival: at(0)), lane: 1, rules: rules()) }
    #expect(queue.next(now: at(0))?.lane == 1)
    #expect(queue.next(now: at(0))?.lane == 1)
    #expect(queue.next(now: at(0)) == nil)
    #expect(!queue.hasJob(now: at(0)))
    _ = queue.add(WaitingItem(10, arrival: at(1)), lane: 2, rules: rules())
    #expect(queue.hasJob(now: at(1)))
    #expect(queue.next(now: at(1))?.lane == 2)
    _ = queue.add(WaitingItem(20, arrival: at(1)), lane: 3, rules: rules())
    #expect(queue.next(now: at(1)) == nil)
    queue.finish(lane: 2)
    #expect(queue.next(now: at(1))?.lane == 3)
  }

  @Test func aLaneRunsNoMoreJobsThanItsConcurrency() {
    var queue = queue(threads: 4, limit: 8)
    for index in 0..<3 {
      _ = queue.add(WaitingItem(index, arrival: at(0)), lane: 1, rules: rules(concurrency: 1))
    }
    #expect(queue.next(now: at(0)) != nil)
    #expect(queue.next(now: at(0)) == nil)
    queue.finish(lane: 1)
    #expect(queue.next(now: at(0)) != nil)
  }

  @Test func fullLanesAndFullQueuesRefuse() {
    var queue = queue(capacity: 3, bytes: 100)
    let narrow = rules(capacity: 2)
    #expect(queue.add(WaitingItem(1, arrival: at(0), bytes: 500), lane: 1, rules: narrow) == .queued)
    #expect(queue.add(WaitingItem(2, arrival: at(0), bytes: 1), lane: 2, rules: narrow) == .full(waiting: 1))
    _ = queue.next(now: at(0))
    #expect(queue.bytes == 0)
    #expect(queue.add(WaitingItem(3, arrival: at(0)), lane: 2, rules: narrow) == .queued)
    #expect(queue.add(WaitingItem(4, arrival: at(0)), lane: 2, rules: narrow) == .queued)
    #expect(queue.add(WaitingItem(5, arrival: at(0)), lane: 2, rules: narrow) == .laneFull(waiting: 2))
    #expect(queue.add(WaitingItem(6, arrival: at(0)), lane: 3, rules: narrow) == .queued)
    #expect(queue.add(WaitingItem(7, arrival: at(0)), lane: 4, rules: narrow) == .full(waiting: 3))
  }

  @Test func whatWaitedBeyondItsDeadlineIsTakenOut() {
    var queue = queue(threads: 1, limit: 1)
    _ = queue.add(WaitingItem(0, arrival: at(0)), lane: 1, rules: rules())
    _ = queue.next(now: at(0))
    _ = queue.add(WaitingItem(1, arrival: at(0), deadline: at(50)), lane: 1, rules: rules())
    _ = queue.add(WaitingItem(2, arrival: at(0), deadline: at(20)), lane: 1, rules: rules())
    #expect(queue.nextMoment(now: at(0)) == at(20))
    #expect(queue.expire(now: at(20)).isEmpty)
    #expect(queue.expire(now: at(21)).map(\.payload) == [2])
    #expect(queue.nextMoment(now: at(21)) == at(50))
    #expect(queue.expire(now: at(60)).map(\.payload) == [1])
    #expect(queue.waiting == 0)
    #expect(queue.nextMoment(now: at(60)) == nil)
  }

  // MARK: batches

  @Test func anIdleModelComputesAtOnce() {
    var queue = queue()
    let batching = rules(batch: BatchSettings(maximumRows: 32, maximumDelay: .seconds(5)))
    _ = queue.add(WaitingItem(1, arrival: at(0), joinKey: key()), lane: 1, rules: batching)
    #expect(queue.next(now: at(0))?.items.map(\.payload) == [1])
  }

  @Test func aBusyModelWaitsForCompanyUntilItIsIdleOrFullOrLate() {
    var queue = queue()
    let batching = rules(batch: BatchSettings(maximumRows: 4, maximumDelay: at(100)))
    func add(_ payload: Int, _ time: Int) {
      _ = queue.add(WaitingItem(payload, arrival: at(time), joinKey: key()), lane: 1, rules: batching)
    }
    add(0, 0)
    #expect(queue.next(now: at(0)) != nil)
    add(1, 1)
    add(2, 2)
    #expect(queue.next(now: at(3)) == nil)
    #expect(queue.nextMoment(now: at(3)) == at(101))
    #expect(queue.next(now: at(101))?.items.map(\.payload) == [1, 2])
    queue.finish(lane: 1)
    for payload in 3..<7 { add(payload, 110) }
    #expect(queue.next(now: at(110))?.items.map(\.payload) == [3, 4, 5, 6])
    queue.finish(lane: 1)
    queue.finish(lane: 1)
    add(7, 120)
    #expect(queue.next(now: at(120))?.items.map(\.payload) == [7])
  }

  @Test func onlyWhatFitsTogetherIsJoined() {
    var queue = queue(threads: 1, limit: 1)
    let batching = rules(batch: BatchSettings(maximumRows: 10, maximumDelay: at(100)))
    _ = queue.add(WaitingItem(0, arrival: at(0), rows: 6, joinKey: key()), lane: 1, rules: batching)
    _ = queue.add(WaitingItem(1, arrival: at(0), rows: 6, joinKey: key()), lane: 1, rules: batching)
    _ = queue.add(WaitingItem(2, arrival: at(0), rows: 1, joinKey: key(5)), lane: 1, rules: batching)
    _ = queue.add(WaitingItem(3, arrival: at(0), rows: 4, joinKey: key()), lane: 1, rules: batching)
    _ = queue.add(WaitingItem(4, arrival: at(0), rows: 1, joinKey: nil), lane: 1, rules: batching)
    _ = queue.add(WaitingItem(5, arrival: at(0), rows: 50, joinKey: key()), lane: 1, rules: batching)
    var taken: [[Int]] = []
    while let job = queue.next(now: at(1000)) {
      taken.append(job.items.map(\.payload))
      queue.finish(lane: job.lane)
    }
    #expect(taken == [[0, 3], [1], [2], [4], [5]])
  }

  // MARK: simulations

  /// Ten seconds of a slow model that is asked more than it can do, and a fast one, on two threads.
  @Test(arguments: [UInt64(1), 2, 3, 4, 5])
  func aSlowModelHoldsNoFastOneUp(seed: UInt64) {
    var simulation = Simulation(queue: queue(threads: 2, limit: 4, capacity: 100_000), seed: seed)
    var waits: [Duration] = []
    for moment in 0..<10_000 {
      simulation.run(until: at(moment)) { waits.append($0) }
      if moment % 20 == 0 {
        simulation.add(lane: 1, cost: .milliseconds(200), rules: rules(capacity: 10_000))
      }
      if simulation.chance(5) {
        simulation.add(lane: 2, cost: .milliseconds(1), rules: rules(capacity: 10_000))
      }
    }
    #expect(waits.count > 1000)
    #expect(waits.allSatisfy { $0 <= .milliseconds(5) })
  }

  /// Whatever happens in whatever order, every item leaves the queue once and the counts are right.
  @Test(arguments: 0..<20)
  func nothingIsLostOrTakenTwice(seed: UInt64) {
    var random = SeededRandom(seed)
    var queue = queue(threads: 3, limit: 6, capacity: 50, bytes: 1000)
    var open: Set<Int> = []
    var running: [UInt64] = []
    var now = Duration.zero
    for payload in 0..<3000 {
      now += .milliseconds(random.below(5))
      let lane = UInt64(random.below(5))
      let batching = lane < 2 ? BatchSettings(maximumRows: 8, maximumDelay: at(20)) : nil
      let item = WaitingItem(
        payload, arrival: now, deadline: random.below(3) == 0 ? now + at(random.below(50)) : nil,
        priority: 1 + random.below(9), rows: 1 + random.below(6), bytes: random.below(100),
        joinKey: random.below(4) == 0 ? nil : key(random.below(2)))
      if queue.add(item, lane: lane, rules: rules(capacity: 20, concurrency: 2, batch: batching)) == .queued {
        open.insert(payload)
      }
      for item in queue.expire(now: now) { #expect(open.remove(item.payload) != nil) }
      if random.below(2) == 0 {
        let mayStart = queue.hasJob(now: now)
        let job = queue.next(now: now)
        #expect(mayStart == (job != nil))
        if let job {
          running.append(job.lane)
          for item in job.items { #expect(open.remove(item.payload) != nil) }
          if job.items.count > 1 { #expect(Set(job.items.map(\.joinKey)).count == 1) }
        }
      }
      if !running.isEmpty, random.below(3) > 0 {
        queue.finish(lane: running.remove(at: random.below(running.count)))
      }
      #expect(queue.waiting == open.count)
      #expect(queue.running == running.count)
      #expect(running.count <= 6)
    }
    for lane in running { queue.finish(lane: lane) }
    while let job = queue.next(now: now + .seconds(100)) {
      for item in job.items { #expect(open.remove(item.payload) != nil) }
      queue.finish(lane: job.lane)
    }
    #expect(open.isEmpty)
    #expect(queue.bytes == 0)
  }

  /// Worker threads over a queue, in simulated time.
  private struct Simulation {
    var queue: Queue
    var random: SeededRandom
    private var costs: [(lane: UInt64, cost: Duration, arrival: Duration)] = []
    private var running: [(end: Duration, lane: UInt64)] = []
    private var now = Duration.zero

    init(queue: Queue, seed: UInt64) {
      self.queue = queue
      random = SeededRandom(seed)
    }

    mutating func chance(_ oneIn: Int) -> Bool { random.below(oneIn) == 0 }

    mutating func add(lane: UInt64, cost: Duration, rules: LaneRules) {
      costs.append((lane, cost, now))
      _ = queue.add(WaitingItem(costs.count - 1, arrival: now), lane: lane, rules: rules)
    }

    /// - Parameter report: told how long each item of lane 2 waited.
    mutating func run(until moment: Duration, report: (Duration) -> Void) {
      now = moment
      for (index, job) in running.enumerated().reversed() where job.end <= moment {
        running.remove(at: index)
        queue.finish(lane: job.lane)
      }
      while let job = queue.next(now: now) {
        for item in job.items {
          let known = costs[item.payload]
          if known.lane == 2 { report(now - known.arrival) }
          running.append((now + known.cost, job.lane))
        }
      }
    }
  }
}

/// A generator whose numbers follow from its seed.
struct SeededRandom {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
