import Telemetry
import Testing

struct TraceContextTests {
  private let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  @Test func aContextIsReadAndWritten() throws {
    let context = try #require(TraceContext(traceparent: valid, tracestate: "congo=t61rcWkgMzE, rojo=00f0"))
    #expect(context.traceID.description == "4bf92f3577b34da6a3ce929d0e0e4736")
    #expect(context.spanID.description == "00f067aa0ba902b7")
    #expect(context.isSampled)
    #expect(context.state == "congo=t61rcWkgMzE,rojo=00f0")
    #expect(context.traceparent == valid)
  }

  @Test func laterVersionsMayHaveMoreFields() {
    #expect(TraceContext(traceparent: "cc" + valid.dropFirst(2) + "-what-the-future-will-be") != nil)
    #expect(TraceContext(traceparent: "cc" + valid.dropFirst(2)) != nil)
    #expect(TraceContext(traceparent: "cc" + valid.dropFirst(2) + ".x") == nil)
  }

  @Test(
    "what is malformed is none",
    arguments: [
      "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
      "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-\u{1F600}",
    ])
  func malformed(text: String) {
    #expect(TraceContext(traceparent: text) == nil)
  }

  @Test func aMalformedStateIsDroppedAlone() {
    for state in ["no-equals-sign", String(repeating: "a=b,", count: 40), "a=\u{1}", "a=\u{e9}"] {
      #expect(TraceContext(traceparent: valid, tracestate: state)?.state == "", "\(state)")
    }
  }

  @Test func garbageNeverCrashes() {
    var state: UInt64 = 7
    for length in 0..<200 {
      var bytes: [UInt8] = []
      for _ in 0..<length {
        state = state &* 6_364_136_223_846_793_005 &+ 1
        bytes.append(UInt8(truncatingIfNeeded: state >> 33))
      }
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(TraceContext(traceparent: text, tracestate: text) == nil)
    }
  }

  @Test(
    "samplers decide by name",
    arguments: [
      ("always_on", nil, true, true, true), ("always_off", nil, false, false, false),
      ("parentbased_always_on", nil, true, true, false), ("parentbased_always_off", nil, false, true, false),
      ("traceidratio", "0", false, false, false), ("traceidratio", "1", true, true, true),
      ("parentbased_traceidratio", "0", false, true, false),
      ("parentbased_traceidratio", nil, true, true, false),
    ] as [(String, String?, Bool, Bool, Bool)])
  func samplers(name: String, argument: String?, alone: Bool, sampled: Bool, unsampled: Bool) throws {
    let sampler = try #require(TraceSampler(name: name, argument: argument))
    var parent = try #require(TraceContext(traceparent: valid))
    #expect(sampler.samples(parent.traceID, parent: nil) == alone)
    #expect(sampler.samples(parent.traceID, parent: parent) == sampled)
    parent.isSampled = false
    #expect(sampler.samples(parent.traceID, parent: parent) == unsampled)
  }

  @Test func aRatioTakesAboutItsShare() throws {
    let sampler = try #require(TraceSampler(name: "traceidratio", argument: "0.25"))
    var state: UInt64 = 1
    var taken = 0
    for _ in 0..<4000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      guard let identifier = TraceIdentifier(high: 1, low: state ^ state >> 29) else { continue }
      if sampler.samples(identifier, parent: nil) { taken += 1 }
    }
    #expect((900...1100).contains(taken))
    #expect(TraceSampler(name: "traceidratio", argument: "2") == nil)
    #expect(TraceSampler(name: "other", argument: nil) == nil)
  }
}
