import Basics
import Formats
import KubeProtocol
import Testing

@testable import Workloads

@Suite struct RollingUpdateTests {
  private func set(_ name: String, _ replicas: Int, _ available: Int, max: Int? = nil) -> RolloutSet {
    RolloutSet(name: name, replicas: replicas, available: available, maxReplicas: max)
  }

  /// From upstream's documentation of `ResolveFenceposts`: surge up, unavailable down.
  @Test(arguments: [
    (JSONValue.int(0), JSONValue.int(0), 10, 0, 1), (.int(2), .int(0), 10, 2, 0), ("0%", "0%", 10, 0, 1),
    ("10%", "0%", 10, 1, 0), ("25%", "25%", 1, 1, 0), ("25%", "25%", 3, 1, 0), ("25%", "25%", 4, 1, 1),
    ("25%", "25%", 10, 3, 2), ("100%", "100%", 3, 3, 3), (.int(5), .int(50), 3, 5, 3),
    (.null, .null, 8, 2, 2),
    ("25%", "25%", 0, 0, 0), ("-5%", "x", 10, 3, 2),
  ])
  func boundsAreRoundedAsUpstreamDoes(
    _ surge: JSONValue, _ unavailable: JSONValue, _ replicas: Int, _ expectedSurge: Int,
    _ expectedUnavailable: Int
  ) {
    var deployment = KubeObject(.deployments, namespace: "n", name: "d")
    deployment.spec = [
      "replicas": .int(replicas),
      "strategy": ["rollingUpdate": ["maxSurge": surge, "maxUnavailable": unavailable]],
    ]
    let bounds = DeploymentSpec(deployment).bounds
    #expect(bounds == RolloutBounds(surge: expectedSurge, unavailable: expectedUnavailable))
  }

  @Test func hugeNumbersDoNotTrap() {
    var deployment = KubeObject(.deployments, namespace: "n", name: "d")
    deployment.spec = [
      "replicas": .int(Int64.max),
      "strategy": ["rollingUpdate": ["maxSurge": "2147483647%", "maxUnavailable": .int(Int64.max)]],
    ]
    #expect(DeploymentSpec(deployment).replicas == Int(Int32.max))
    #expect(DeploymentSpec(deployment).bounds.unavailable == Int(Int32.max))
  }

  @Test(arguments: [
    // replicas, surge, new, old, expected new
    (10, 0, 0, 10, 0), (10, 2, 0, 10, 2), (10, 5, 0, 5, 10), (10, 0, 5, 5, 5), (10, 2, 12, 0, 10),
    (3, 1, 1, 3, 1),
  ])
  func theNewSetGrowsIntoTheRoomThereIs(
    _ replicas: Int, _ surge: Int, _ new: Int, _ old: Int, _ expected: Int
  ) {
    let grown = RollingUpdate.newSetReplicas(
      replicas: replicas, bounds: RolloutBounds(surge: surge, unavailable: 0), new: set("new", new, 0),
      old: [set("old", old, old)])
    #expect(grown == expected)
  }

  @Test(arguments: [
    // unavailable, old (replicas, available), new (replicas, available), expected old (nil: unchanged)
    (0, (10, 10), (0, 0), nil), (2, (10, 10), (0, 0), 8), (2, (10, 8), (0, 0), 8),
    (2, (10, 4), (0, 0), 8), (2, (10, 0), (0, 0), 8), (2, (8, 8), (2, 0), nil), (2, (8, 8), (2, 2), 6),
    (0, (10, 10), (2, 2), 8), (10, (10, 10), (0, 0), 0),
  ])
  func oldSetsShrinkByWhatCanBeMissed(
    _ unavailable: Int, _ old: (Int, Int), _ new: (Int, Int), _ expected: Int?
  ) {
    let wanted = RollingUpdate.oldSetsDown(
      replicas: 10, bounds: RolloutBounds(surge: 0, unavailable: unavailable), new: set("new", new.0, new.1),
      old: [set("old", old.0, old.1)])
    #expect(wanted["old"] == expected)
  }

  @Test func podsThatDoNotWorkGoFirst() {
    var broken = set("broken", 2, 0)
    broken.created = .init(seconds: 2)
    var works = set("works", 8, 8)
    works.created = .init(seconds: 1)
    let wanted = RollingUpdate.oldSetsDown(
      replicas: 10, bounds: RolloutBounds(surge: 2, unavailable: 1), new: set("new", 2, 0),
      old: [broken, works])
    #expect(wanted == ["broken": 1])
  }

  @Test func aStatusThatStillCountsPodsThatAreGoingFreesNoOthers() {
    let wanted = RollingUpdate.oldSetsDown(
      replicas: 5, bounds: RolloutBounds(surge: 2, unavailable: 1), new: set("new", 3, 1),
      old: [set("old", 4, 5)])
    #expect(wanted == ["old": 3])
  }

  /// Plays a rollout to its end: no step may leave the bounds, and it always ends.
  @Test(arguments: [(1, 1, 0), (1, 0, 1), (3, 1, 0), (10, 3, 2), (10, 0, 1), (7, 7, 7), (100, 25, 25)])
  func everyRolloutEndsWithinItsBounds(_ replicas: Int, _ surge: Int, _ unavailable: Int) {
    let bounds = RolloutBounds(surge: surge, unavailable: unavailable)
    var new = set("new", 0, 0)
    var old = [set("old", replicas, replicas)]
    var steps = 0
    while new.replicas != replicas || new.available != replicas || old[0].replicas != 0 {
      let wanted = RollingUpdate.step(replicas: replicas, bounds: bounds, new: new, old: old)
      if let count = wanted["new"] { new.replicas = count }
      if let count = wanted["old"] {
        old[0].replicas = count
        old[0].available = min(old[0].available, count)
      }
      #expect(new.replicas + old[0].replicas <= replicas + surge)
      #expect(new.available + old[0].available >= replicas - unavailable)
      if wanted.isEmpty {
        // Nothing moves until a pod becomes available.
        #expect(new.available < new.replicas)
        new.available += 1
      }
      steps += 1
      if steps > 10 * replicas + 10 { break }
    }
    #expect(steps <= 10 * replicas + 10)
  }

  @Test func aChangedNumberIsSharedOutInTheMiddleOfARollout() {
    // Upstream's documented example: 10 replicas, surge 3, 8 old and 5 new pods; scaled to 15.
    let wanted = RollingUpdate.proportional(
      replicas: 15, bounds: RolloutBounds(surge: 3, unavailable: 2),
      sets: [set("old", 8, 8, max: 13), set("new", 5, 0, max: 13)], previousTotal: 13)
    #expect(wanted == ["old": 11, "new": 7])
  }

  @Test func scalingToNothingEmptiesAllSets() {
    let wanted = RollingUpdate.proportional(
      replicas: 0, bounds: RolloutBounds(surge: 0, unavailable: 0),
      sets: [set("old", 8, 8, max: 13), set("new", 5, 0, max: 13)], previousTotal: 13)
    #expect(wanted == ["old": 0, "new": 0])
  }
}
