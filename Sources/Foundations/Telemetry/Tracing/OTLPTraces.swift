public import Basics
internal import Formats

/// `ExportTraceServiceRequest` of the OpenTelemetry protocol in its JSON form (OTLP 1.x, "JSON Protobuf
/// Encoding": identifiers in hexadecimal, 64-bit numbers as texts).
public enum OTLPTraces {
  /// - Parameters:
  ///   - resource: what describes this program: `service.name` and others.
  ///   - scope: the library that recorded the spans, with its version.
  public static func encode(
    _ spans: [Span], resource: [Span.Attribute], scope: (name: String, version: String)
  ) -> Bytes {
    let body: JSONValue = [
      "resourceSpans": [
        [
          "resource": ["attributes": attributes(resource)],
          "scopeSpans": [
            [
              "scope": ["name": .string(scope.name), "version": .string(scope.version)],
              "spans": .array(spans.map(encode)),
            ]
          ],
        ]
      ]
    ]
    return body.encoded()
  }

  private static func encode(_ span: Span) -> JSONValue {
    var object: JSONObject = [
      "traceId": .string(span.context.traceID.description),
      "spanId": .string(span.context.spanID.description),
      "name": .string(span.name),
      "kind": .int(span.kind.rawValue),
      "startTimeUnixNano": .string(nanoseconds(span.start)),
      "endTimeUnixNano": .string(nanoseconds(max(span.start, span.end))),
      "attributes": attributes(span.attributes),
      "flags": .int(span.context.isSampled ? 1 : 0),
    ]
    if let parent = span.parent { object["parentSpanId"] = .string(parent.description) }
    if !span.context.state.isEmpty { object["traceState"] = .string(span.context.state) }
    // 2 is STATUS_CODE_ERROR; what went well is left unset, as servers shall.
    if let failure = span.failure { object["status"] = ["code": 2, "message": .string(failure)] }
    return .object(object)
  }

  private static func attributes(_ attributes: [Span.Attribute]) -> JSONValue {
    .array(attributes.map { ["key": .string($0.name), "value": value($0.value)] })
  }

  private static func value(_ value: Span.Value) -> JSONValue {
    switch value {
    case .text(let text): ["stringValue": .string(text)]
    case .integer(let number): ["intValue": .string(String(number))]
    case .number(let number):
      ["doubleValue": JSONNumber(number).map(JSONValue.number) ?? .string("\(number)")]
    case .truth(let truth): ["boolValue": .bool(truth)]
    }
  }

  private static func nanoseconds(_ moment: Timestamp) -> String {
    String(UInt64(clamping: moment.seconds) &* 1_000_000_000 &+ UInt64(clamping: moment.nanoseconds))
  }
}
