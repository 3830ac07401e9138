import Testing

@testable import ModelServer

struct CostEstimateTests {
  @Test func theModelsGuessHoldsUntilSomethingWasMeasured() {
    let cost = CostEstimate(nanosecondsPerRow: 100)
    #expect(cost.nanoseconds(rows: 10) == 1000)
    #expect(cost.nanoseconds(rows: 0) == 0)
    cost.record(rows: 8, nanoseconds: 8000)
    #expect(cost.nanoseconds(rows: 10) == 10_000)
    #expect(cost.nanoseconds(rows: 1) == 100)
    #expect(cost.nanoseconds(rows: 1000) == 1_000_000)
  }

  @Test func aSlowModelLeavesTheLoopAfterOneCall() {
    let cost = CostEstimate(nanosecondsPerRow: 10)
    cost.record(rows: 1, nanoseconds: 5_000_000)
    #expect(cost.nanoseconds(rows: 1) > 200_000)
  }

  @Test func aPreemptedThreadDoesNotSendAFastModelAway() {
    let cost = CostEstimate(nanosecondsPerRow: 10)
    for _ in 0..<100 { cost.record(rows: 1, nanoseconds: 5000) }
    cost.record(rows: 1, nanoseconds: 2_000_000)
    #expect(cost.nanoseconds(rows: 1) < 200_000)
    for _ in 0..<30 { cost.record(rows: 1, nanoseconds: 5000) }
    #expect(cost.nanoseconds(rows: 1) < 6000)
  }

  @Test func workersThatShareAProcessorDoNotSendAFastModelAway() {
    let cost = CostEstimate(nanosecondsPerRow: 300)
    for call in 0..<300 { cost.record(rows: 1000, nanoseconds: call % 3 == 2 ? 4_000_000 : 50_000) }
    #expect(cost.nanoseconds(rows: 1000) < 150_000)
  }

  @Test func aModelThatHasBecomeSlowIsFoundOut() {
    let cost = CostEstimate(nanosecondsPerRow: 10)
    for _ in 0..<100 { cost.record(rows: 1, nanoseconds: 5000) }
    for _ in 0..<60 { cost.record(rows: 1, nanoseconds: 2_000_000) }
    #expect(cost.nanoseconds(rows: 1) > 200_000)
  }

  @Test func oddMeasurementsAreHarmless() {
    let cost = CostEstimate(nanosecondsPerRow: .nan)
    #expect(cost.nanoseconds(rows: 1) == .infinity)
    cost.record(rows: -1, nanoseconds: 5)
    cost.record(rows: 1, nanoseconds: -5)
    cost.record(rows: .max, nanoseconds: .max)
    cost.record(rows: 1, nanoseconds: 0)
    #expect(cost.nanoseconds(rows: 1) < 1)
  }
}
