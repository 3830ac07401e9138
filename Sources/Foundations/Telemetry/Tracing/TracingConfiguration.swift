internal import Basics

/// Whether, where to and how traces are sent, by OpenTelemetry's environment variables. Nothing is sent
/// unless
/// an endpoint is named.
public struct TracingConfiguration: Sendable, Hashable {
  /// Where batches are posted to.
  public var endpoint: String
  public var headers: [(name: String, value: String)] { headerList.map { ($0.name, $0.value) } }
  public var resource: [Span.Attribute]
  public var sampler: TraceSampler
  /// A PEM file with the authority that an `https` endpoint is checked with; nil for the system's.
  public var certificateFile: String?
  /// Of one attempt to send.
  public var timeout: Duration
  /// The longest that a span waits before it is sent.
  public var delay: Duration
  public var queueSize: Int
  public var batchSize: Int
  /// Whether callers' trace contexts are heeded (`tracecontext` is among `OTEL_PROPAGATORS`).
  public var acceptsContext: Bool
  /// Settings that cannot be used, for the log.
  public var warnings: [String]

  private struct Header: Sendable, Hashable {
    var name: String
    var value: String
  }
  private var headerList: [Header]

  /// - Parameters:
  ///   - serviceName: where the environment names none.
  ///   - variable: the value of an environment variable.
  /// - Returns: nil where tracing is off.
  public init?(serviceName: String, variable: (String) -> String?) {
    func value(_ names: String...) -> String? {
      for name in names {
        if let value = variable(name)?.trimmed, !value.isEmpty { return value }
      }
      return nil
    }
    func milliseconds(_ standard: Int, _ text: String?) -> Duration {
      .milliseconds(text.flatMap(Int.init).flatMap { (1...3_600_000).contains($0) ? $0 : nil } ?? standard)
    }
    func count(_ standard: Int, _ text: String?) -> Int {
      text.flatMap(Int.init).flatMap { (1...1_000_000).contains($0) ? $0 : nil } ?? standard
    }
    if value("OTEL_SDK_DISABLED")?.lowercased() == "true" { return nil }
    if value("OTEL_TRACES_EXPORTER")?.lowercased() == "none" { return nil }
    guard let endpoint = Self.endpoint(value) else { return nil }
    var warnings: [String] = []
    if let exporter = value("OTEL_TRACES_EXPORTER"), !exporter.split(separator: ",").contains("otlp") {
      warnings.append("OTEL_TRACES_EXPORTER=\(exporter) is not supported here: traces are sent by otlp")
    }
    if let form = value("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"), form == "grpc" {
      warnings.append(
        "OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not supported here: traces are posted to \(endpoint) over HTTP")
    }
    var sampler = TraceSampler.parentOrAlways
    if let name = value("OTEL_TRACES_SAMPLER") {
      if let named = TraceSampler(name: name, argument: value("OTEL_TRACES_SAMPLER_ARG")) {
        sampler = named
      } else {
        warnings.append("OTEL_TRACES_SAMPLER=\(name) with its argument is no sampler that is known here")
      }
    }
    self.endpoint = endpoint
    self.sampler = sampler
    self.warnings = warnings
    headerList = Self.pairs(value("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS") ?? "")
      .map { Header(name: $0, value: $1) }
    certificateFile = value("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE")
    timeout = milliseconds(10_000, value("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"))
    delay = milliseconds(5_000, value("OTEL_BSP_SCHEDULE_DELAY"))
    queueSize = count(2048, value("OTEL_BSP_MAX_QUEUE_SIZE"))
    batchSize = count(512, value("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"))
    let propagators = value("OTEL_PROPAGATORS") ?? "tracecontext,baggage"
    acceptsContext = propagators.split(separator: ",").contains { String($0).trimmed == "tracecontext" }
    resource = Self.resource(serviceName, value("OTEL_SERVICE_NAME"), value("OTEL_RESOURCE_ATTRIBUTES"))
  }

  private static func endpoint(_ value: (String...) -> String?) -> String? {
    if let own = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") { return own }
    guard let base = value("OTEL_EXPORTER_OTLP_ENDPOINT") else { return nil }
    return base.hasSuffix("/") ? base + "v1/traces" : base + "/v1/traces"
  }

  private static func resource(_ standard: String, _ named: String?, _ text: String?) -> [Span.Attribute] {
    var attributes = pairs(text ?? "").map { Span.Attribute($0, .text($1)) }
    if let named {
      attributes.removeAll { $0.name == "service.name" }
      attributes.append(Span.Attribute("service.name", .text(named)))
    } else if !attributes.contains(where: { $0.name == "service.name" }) {
      attributes.append(Span.Attribute("service.name", .text(standard)))
    }
    return attributes + [Span.Attribute("telemetry.sdk.name", .text("apus"))]
  }

  /// `a=b,c=d` with percent-encoded values, as in W3C Baggage; what is malformed is left out.
  private static func pairs(_ text: String) -> [(String, String)] {
    text.split(separator: ",").compactMap { part in
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2 else { return nil }
      let name = String(sides[0]).trimmed
      guard !name.isEmpty, let value = PercentEncoding.decode(String(sides[1]).trimmed)
      else { return nil }
      return (name, value)
    }
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
