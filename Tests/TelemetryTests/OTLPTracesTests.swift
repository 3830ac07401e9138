import Basics
import Formats
import Telemetry
import Testing

struct OTLPTracesTests {
  private func span(_ name: String = "POST /", failure: String? = nil) throws -> Span {
    let context = try #require(
      TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", tracestate: "a=b"))
    var span = Span(
      name: name, kind: .server, context: context, parent: SpanIdentifier(255),
      start: Timestamp(seconds: 1_790_000_000, nanoseconds: 5), end: Timestamp(seconds: 1_790_000_001))
    span.attributes = [
      .init("text", .text("é\"")), .init("integer", .integer(200)), .init("number", .number(0.5)),
      .init("truth", .truth(true)), .init("odd", .number(.nan)),
    ]
    span.failure = failure
    return span
  }

  @Test func aSpanHasTheFormOfTheProtocol() throws {
    let bytes = OTLPTraces.encode(
      [try span(failure: "broken")], resource: [.init("service.name", .text("iris"))],
      scope: (name: "apus.server", version: "1"))
    let value = try JSONValue(parsing: bytes)
    let resource = value["resourceSpans"]?[0]
    #expect(resource?.at("resource", "attributes")?[0]?.at("value", "stringValue")?.string == "iris")
    let encoded = resource?["scopeSpans"]?[0]?["spans"]?[0]
    #expect(encoded?["traceId"]?.string == "4bf92f3577b34da6a3ce929d0e0e4736")
    #expect(encoded?["spanId"]?.string == "00f067aa0ba902b7")
    #expect(encoded?["parentSpanId"]?.string == "00000000000000ff")
    #expect(encoded?["traceState"]?.string == "a=b")
    #expect(encoded?["kind"]?.int == 2)
    #expect(encoded?["startTimeUnixNano"]?.string == "1790000000000000005")
    #expect(encoded?["endTimeUnixNano"]?.string == "1790000001000000000")
    #expect(encoded?["attributes"]?[1]?.at("value", "intValue")?.string == "200")
    #expect(encoded?["attributes"]?[3]?.at("value", "boolValue")?.bool == true)
    #expect(encoded?.at("status", "code")?.int == 2)
  }

  @Test func aFullBufferDropsAndCounts() throws {
    let buffer = SpanBuffer(capacity: 3, batch: 2)
    for index in 0..<5 { buffer.add(try span("\(index)")) }
    #expect(buffer.dropped == 2)
    #expect(buffer.takeBatch().map(\.name) == ["0", "1"])
    #expect(buffer.takeBatch().map(\.name) == ["2"])
    #expect(buffer.takeBatch().isEmpty)
  }

  @Test func aWholeBatchWakesTheExporter() async throws {
    let buffer = SpanBuffer(capacity: 10, batch: 2)
    buffer.add(try span())
    buffer.add(try span())
    await buffer.filled.wait()
    #expect(buffer.count == 2)
  }
}
