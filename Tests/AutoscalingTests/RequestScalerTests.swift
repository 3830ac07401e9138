import KubeProtocol
import ServingAPI
import Testing

@testable import Autoscaling

/// A workload over simulated seconds: each second a gateway reports, then the scaler decides.
struct RequestScalerTests {
  /// Pods become ready as soon as they are wanted, unless told otherwise.
  private struct World {
    var scaler: RequestScaler
    var pods: RequestScaler.Pods
    var second = 0
    var becomesReady = true
    var begin: Duration = .zero

    init(replicas: Int = 1, ready: Int = 1, _ change: (inout RequestScaling) -> Void = { _ in }) {
      var scaling = RequestScaling()
      scaling.minimum = 0
      scaling.target = 1
      change(&scaling)
      pods = .init(wanted: replicas, ready: ready)
      scaler = RequestScaler(scaling, pods: pods, now: .zero)
    }

    /// Seconds with as many requests at a time; returns what was wanted at the end of each.
    mutating func run(_ seconds: Int, load: Double = 0, arrivals: Int64 = 0) -> [Int] {
      (0..<seconds).map { _ in step(load: load, arrivals: arrivals).replicas }
    }

    mutating func step(load: Double = 0, arrivals: Int64 = 0) -> RequestScaler.Decision {
      second += 1
      let now = Duration.seconds(second)
      if load > 0 || arrivals > 0 {
        scaler.record(
          .init(
            service: ObjectKey(namespace: "n", name: "s"), requestSeconds: load, arrivals: arrivals,
            inFlight: Int64(load), waiting: pods.ready == 0 ? Int64(load.rounded(.up)) : 0),
          interval: .seconds(1), now: now)
      }
      let decision = scaler.decide(pods, coverage: .init(begin: begin, end: now), now: now)
      pods.wanted = decision.replicas
      if becomesReady { pods.ready = decision.replicas }
      return decision
    }
  }

  @Test func oneToManyToOneToNoneToOne() {
    var world = World()
    #expect(world.run(10, load: 1).last == 1)
    #expect(world.run(10, load: 5).last == 5)
    // The stable window forgets the surge, the panic ends, the pods go by halves.
    #expect(world.run(120, load: 0.5).last == 1)
    let quiet = world.run(70)
    #expect(quiet.last == 0)
    #expect(quiet.firstIndex(of: 0).map { $0 >= 59 } == true)
    #expect(world.step().isAtRest)
    #expect(world.step(load: 1, arrivals: 1).replicas == 1)
  }

  @Test func requestsThatWaitWakeAWorkloadAtOnce() {
    var world = World(replicas: 0, ready: 0)
    #expect(world.step().isAtRest)
    // The report comes at once: hardly any time has passed, nothing has been counted yet.
    world.scaler.record(
      .init(
        service: ObjectKey(namespace: "n", name: "s"), requestSeconds: 0, arrivals: 1, inFlight: 1,
        waiting: 1),
      interval: .milliseconds(1), now: .milliseconds(1200))
    let decision = world.scaler.decide(
      .init(wanted: 0, ready: 0), coverage: .init(begin: .zero, end: .milliseconds(1200)),
      now: .milliseconds(1200))
    #expect(decision.replicas == 1)
    #expect(!decision.isAtRest)
  }

  @Test func aMinimumIsNeverUndercutNorAMaximumPassed() {
    var world = World(replicas: 2, ready: 2) {
      $0.minimum = 2
      $0.maximum = 4
    }
    #expect(world.run(10, load: 100).last == 4)
    #expect(world.run(200).last == 2)
    #expect(world.step().isAtRest)
  }

  @Test func aNewWorkloadGetsItsInitialScaleUntilThatWasReadyOnce() {
    var world = World(replicas: 3, ready: 0) { $0.initial = 3 }
    world.becomesReady = false
    #expect(Set(world.run(100)) == [3])
    world.pods.ready = 3
    #expect(world.run(1) == [1])
  }

  @Test func whatNeverBecameReadyIsNotPutToSleep() {
    var world = World(replicas: 1, ready: 0)
    world.becomesReady = false
    #expect(Set(world.run(1000)) == [1])
  }

  @Test func theLastPodStaysForItsRetention() {
    var world = World { $0.lastPodRetention = .seconds(30) }
    _ = world.run(5, load: 1)
    let quiet = world.run(120)
    let firstZero = quiet.firstIndex(of: 0)
    #expect(firstZero.map { $0 >= 88 && $0 <= 95 } == true)
  }

  @Test func withoutReportsNothingIsTakenAway() {
    var world = World(replicas: 4, ready: 4)
    _ = world.run(3, load: 4)
    let late = world.scaler.decide(
      .init(wanted: 4, ready: 4), coverage: .init(begin: .zero, end: .seconds(3)), now: .seconds(500))
    #expect(late.replicas == 4)
    #expect(world.scaler.decide(.init(wanted: 4, ready: 4), coverage: nil, now: .seconds(501)).replicas == 4)
  }

  @Test func gatewaysMustHaveBeenHeardForAWholeWindowBeforeTheLastPodGoes() {
    var world = World()
    world.begin = .seconds(50)
    let decided = world.run(130)
    #expect(decided.firstIndex(of: 0) == 109)
  }

  @Test func requestsPerSecondAreCountedByArrival() {
    var world = World {
      $0.metric = .requestsPerSecond
      $0.target = 140
    }
    // Short requests: hardly any at a time, but many.
    #expect(world.run(30, load: 0.1, arrivals: 700).last == 5)
  }

  @Test func aShortWindowIsTaken() {
    var world = World { scaling in
      scaling.stableWindow = .seconds(6)
      scaling.panicWindow = .seconds(1)
    }
    _ = world.run(5, load: 1)
    #expect(world.run(9).last == 0)
  }

  @Test func otherParametersHoldFromTheNextDecisionOn() {
    var world = World()
    #expect(world.run(20, load: 4).last == 4)
    var scaling = world.scaler.scaling
    scaling.target = 4
    scaling.maximum = 2
    world.scaler.update(scaling)
    #expect(world.step(load: 4).replicas == 2)
  }
}
