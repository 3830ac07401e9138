import ServingAPI
import Testing

@testable import Autoscaling

/// The cases that Knative's autoscaler is tested with, and what they must give.
struct ScaleDeciderTests {
  private func scaling(
    target: Double, _ change: (inout RequestScaling) -> Void = { _ in }
  ) -> RequestScaling {
    var scaling = RequestScaling()
    scaling.target = target
    scaling.maxScaleUpRate = 10
    scaling.maxScaleDownRate = 10
    scaling.panicThreshold = 2
    change(&scaling)
    return scaling
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var target: Double
    var stable: Double
    var panic: Double
    var ready: Int
    var expected: Int
    var upRate: Double = 10
    var downRate: Double = 10
    var isReachable = true
  }

  @Test(arguments: [
    Case(testDescription: "no load", target: 10, stable: 0, panic: 0, ready: 1, expected: 0),
    Case(testDescription: "below the target", target: 181, stable: 21, panic: 26, ready: 1, expected: 1),
    Case(testDescription: "five times the target", target: 10, stable: 50, panic: 49, ready: 1, expected: 5),
    Case(testDescription: "already scaled", target: 10, stable: 50, panic: 50, ready: 5, expected: 5),
    Case(
      testDescription: "the stable average alone", target: 10, stable: 50, panic: 10, ready: 1, expected: 5),
    Case(
      testDescription: "a small up rate lets one pod come", target: 1, stable: 3, panic: 3.1, ready: 2,
      expected: 3, upRate: 1.1),
    Case(
      testDescription: "a small down rate", target: 10, stable: 1, panic: 1, ready: 100, expected: 90,
      downRate: 1.1),
    Case(
      testDescription: "what cannot be reached shrinks at once", target: 10, stable: 1, panic: 1, ready: 100,
      expected: 1, downRate: 1.1, isReachable: false),
    Case(testDescription: "panic wins", target: 10, stable: 50, panic: 100, ready: 1, expected: 10),
    Case(
      testDescription: "the up rate limits", target: 10, stable: 1000, panic: 1001, ready: 1, expected: 10),
    Case(
      testDescription: "no ready pod counts as one", target: 10, stable: 1000, panic: 888, ready: 0,
      expected: 10),
    Case(testDescription: "the down rate limits", target: 10, stable: 1, panic: 1, ready: 10, expected: 1),
  ])
  func decidesAsKnative(_ one: Case) {
    // As many pods as are ready at the start would begin a panic: the cases begin calm.
    var decider = ScaleDecider(readyPods: 1, now: .zero)
    let decided = decider.decide(
      .init(readyPods: one.ready, stable: one.stable, panic: one.panic),
      scaling(target: one.target) {
        $0.maxScaleUpRate = one.upRate
        $0.maxScaleDownRate = one.downRate
      }, isReachable: one.isReachable, now: .zero)
    #expect(decided == one.expected)
  }

  @Test func panicEndsAfterTheStableWindowWithoutASurge() {
    let scaling = scaling(target: 10)
    var decider = ScaleDecider(readyPods: 1, now: .zero)
    func decide(_ ready: Int, _ stable: Double, _ panic: Double, at second: Int) -> Int {
      decider.decide(
        .init(readyPods: ready, stable: stable, panic: panic), scaling, now: .seconds(second))
    }
    #expect(decide(1, 100, 100, at: 0) == 10)
    #expect(decide(10, 100, 1000, at: 0) == 100)
    // Load has gone, but a panic only scales up.
    #expect(decide(10, 1, 1, at: 30) == 100)
    #expect(decide(10, 1, 1, at: 61) == 1)
    #expect(!decider.isPanicking)
  }

  @Test func panicIsExtendedWhileTheSurgeGoesOn() {
    let scaling = scaling(target: 1)
    var decider = ScaleDecider(readyPods: 1, now: .zero)
    #expect(decider.decide(.init(readyPods: 10, stable: 11, panic: 25), scaling, now: .seconds(100)) == 25)
    #expect(decider.decide(.init(readyPods: 40, stable: 30, panic: 80), scaling, now: .seconds(130)) == 80)
    #expect(decider.panicTime == .seconds(130))
    #expect(decider.decide(.init(readyPods: 80, stable: 30, panic: 41), scaling, now: .seconds(170)) == 80)
    #expect(decider.decide(.init(readyPods: 80, stable: 50, panic: 41), scaling, now: .seconds(191)) == 50)
  }

  @Test func panicEndsThoughLoadGrowsSlowly() {
    let scaling = scaling(target: 1)
    var decider = ScaleDecider(readyPods: 1, now: .zero)
    #expect(decider.decide(.init(readyPods: 10, stable: 11, panic: 25), scaling, now: .zero) == 25)
    #expect(decider.decide(.init(readyPods: 40, stable: 30, panic: 41), scaling, now: .seconds(30)) == 41)
    #expect(decider.panicTime == .zero)
    #expect(decider.decide(.init(readyPods: 55, stable: 50, panic: 56), scaling, now: .seconds(62)) == 50)
    #expect(decider.panicTime == nil)
  }

  @Test func theLargerAverageRulesAPanic() {
    for (stable, panic, expected) in [(50.0, 30.0, 50), (20.0, 30.0, 30)] {
      var decider = ScaleDecider(readyPods: 5, now: .zero)
      #expect(decider.isPanicking)
      let decided = decider.decide(
        .init(readyPods: 5, stable: stable, panic: panic), scaling(target: 1), now: .seconds(5))
      #expect(decided == expected)
    }
  }

  @Test func growthFollowsAnExponentialSurge() {
    let scaling = scaling(target: 1)
    var decider = ScaleDecider(readyPods: 1, now: .zero)
    var ready = 1
    for (second, load) in [6.0, 36, 216, 1296, 1296].enumerated() {
      let decided = decider.decide(
        .init(readyPods: ready, stable: load, panic: load), scaling, now: .seconds(second))
      #expect(decided == Int(load))
      ready = decided
    }
  }

  @Test func aLowerNumberMustBeWantedForTheWholeDelay() {
    let scaling = scaling(target: 10) {
      $0.panicThreshold = 100
      $0.scaleDownDelay = .seconds(300)
    }
    var decider = ScaleDecider(readyPods: 0, now: .zero)
    func decide(_ load: Double, at second: Int, isReachable: Bool = true) -> Int {
      decider.decide(
        .init(readyPods: 0, stable: load, panic: load), scaling, isReachable: isReachable,
        now: .seconds(second))
    }
    #expect(decide(40, at: 2) == 4)
    #expect(decide(0, at: 300) == 4)
    #expect(decide(0, at: 302) == 0)
    #expect(decide(40, at: 540) == 4)
    #expect(decide(30, at: 600) == 4)
    #expect(decide(0, at: 660) == 4)
    #expect(decide(0, at: 840) == 3)
    #expect(decide(0, at: 900) == 0)
    #expect(decide(40, at: 1000) == 4)
    #expect(decide(0, at: 1002, isReachable: false) == 0)
  }

  @Test func withoutADelayALowerNumberCountsAtOnce() {
    let scaling = scaling(target: 10) { $0.panicThreshold = 100 }
    var decider = ScaleDecider(readyPods: 0, now: .zero)
    #expect(decider.decide(.init(readyPods: 0, stable: 40, panic: 40), scaling, now: .zero) == 4)
    #expect(decider.decide(.init(readyPods: 0, stable: 20, panic: 20), scaling, now: .milliseconds(500)) == 2)
  }

  @Test func activationScaleHoldsOnlyWhileThereIsLoad() {
    let scaling = scaling(target: 10) { $0.activation = 2 }
    var decider = ScaleDecider(readyPods: 1, now: .zero)
    #expect(decider.decide(.init(readyPods: 1, stable: 0, panic: 0), scaling, now: .zero) == 0)
    #expect(decider.decide(.init(readyPods: 1, stable: 1, panic: 0), scaling, now: .seconds(2)) == 2)
  }

  @Test func aDeciderWithoutAPastKeepsSeveralPodsForAWindow() {
    let scaling = scaling(target: 10)
    var decider = ScaleDecider(readyPods: 3, now: .zero)
    #expect(decider.decide(.init(readyPods: 3, stable: 0, panic: 0), scaling, now: .seconds(59)) == 3)
    #expect(decider.decide(.init(readyPods: 3, stable: 0, panic: 0), scaling, now: .seconds(61)) == 0)
    #expect(!ScaleDecider(readyPods: 1, now: .zero).isPanicking)
  }

  @Test func numbersWithoutBoundDoNotTrap() {
    let scaling = scaling(target: 1) { $0.maxScaleUpRate = .infinity }
    var decider = ScaleDecider(readyPods: 1, now: .zero)
    let decided = decider.decide(
      .init(readyPods: 1, stable: .greatestFiniteMagnitude, panic: .infinity), scaling, now: .zero)
    #expect(decided == Int(Int32.max))
  }
}
