internal import Basics
public import HTTPWire
internal import Linux
public import Telemetry

/// Makes a span of each request whose trace is recorded, and tells callers their place in it. Never blocks;
/// does nothing for requests that nobody wants recorded.
public final class RequestTracer: Sendable {
  let configuration: TracingConfiguration
  let buffer: SpanBuffer
  private let random: any RandomSource
  private let clock: any WallClock

  public convenience init(_ configuration: TracingConfiguration) {
    self.init(configuration, random: SystemRandom(), clock: SystemClock())
  }

  init(_ configuration: TracingConfiguration, random: any RandomSource, clock: any WallClock) {
    self.configuration = configuration
    self.random = random
    self.clock = clock
    buffer = SpanBuffer(capacity: configuration.queueSize, batch: configuration.batchSize)
  }

  /// A request that is being traced, or only carries its caller's trace on.
  public struct Trace: Sendable {
    /// The place of this request's own span.
    public let context: TraceContext
    fileprivate let parent: SpanIdentifier?
    fileprivate let name: String
    fileprivate let start: Timestamp
    fileprivate var attributes: [Span.Attribute]

    /// What callers are answered, and what goes on to others.
    public var traceparent: String { context.traceparent }
    public var tracestate: String? { context.state.isEmpty ? nil : context.state }

    public mutating func set(_ name: String, _ value: Span.Value) {
      if context.isSampled { attributes.append(Span.Attribute(name, value)) }
    }
  }

  /// A request has come.
  /// - Parameters:
  ///   - headers: an HTTP request's fields, or a gRPC call's metadata.
  ///   - name: `POST /v2/models/iris/infer`, or the gRPC method's full name.
  public func begin(_ headers: HTTPHeaders, name: String, attributes: [Span.Attribute]) -> Trace {
    let parent = configuration.acceptsContext ? Self.context(in: headers) : nil
    let traceID = parent?.traceID ?? newTraceID()
    let isSampled = configuration.sampler.samples(traceID, parent: parent)
    return Trace(
      context: TraceContext(
        traceID: traceID, spanID: newSpanID(), isSampled: isSampled, state: parent?.state ?? ""),
      parent: parent?.spanID, name: name, start: clock.now(), attributes: isSampled ? attributes : [])
  }

  /// The request has been answered.
  /// - Parameter failure: why it went wrong on the server's side; nil where it did not.
  public func end(_ trace: Trace, attributes: [Span.Attribute] = [], failure: String? = nil) {
    guard trace.context.isSampled else { return }
    var span = Span(
      name: trace.name, kind: .server, context: trace.context, parent: trace.parent, start: trace.start,
      end: clock.now())
    span.attributes = trace.attributes + attributes
    span.failure = failure
    buffer.add(span)
  }

  /// What was done for a request between two moments of the past, as a child of its span.
  func add(_ name: String, to trace: Trace, from start: Timestamp, to end: Timestamp) {
    guard trace.context.isSampled else { return }
    var context = trace.context
    context.spanID = newSpanID()
    buffer.add(
      Span(
        name: name, kind: .internal, context: context, parent: trace.context.spanID, start: start, end: end))
  }

  /// The trace that a caller says it is in; nil where it says none, or nonsense.
  static func context(in headers: HTTPHeaders) -> TraceContext? {
    let parents = headers.all("traceparent")
    guard parents.count == 1, let parent = parents.first else { return nil }
    let state = headers.all("tracestate").joined(separator: ",")
    return TraceContext(traceparent: parent, tracestate: state)
  }

  private func newTraceID() -> TraceIdentifier {
    while true {
      if let identifier = TraceIdentifier(high: random.next(), low: random.next()) { return identifier }
    }
  }

  private func newSpanID() -> SpanIdentifier {
    while true {
      if let identifier = SpanIdentifier(random.next()) { return identifier }
    }
  }
}

extension RequestTracer {
  /// As `begin`, for an HTTP request, with the attributes of OpenTelemetry's HTTP conventions.
  public func begin(_ head: HTTPRequestHead) -> Trace {
    begin(
      head.headers, name: "\(head.method) \(head.path)",
      attributes: [
        Span.Attribute("http.request.method", .text(head.method)),
        Span.Attribute("url.path", .text(String(head.path))), Span.Attribute("url.scheme", .text("http")),
      ])
  }

  /// The HTTP request has been answered with that status.
  public func end(_ trace: Trace, status: Int) {
    end(
      trace, attributes: [Span.Attribute("http.response.status_code", .integer(Int64(status)))],
      failure: status >= 500 ? "the server answered \(status)" : nil)
  }

  /// As `begin`, for a gRPC call.
  /// - Parameter path: `/inference.GRPCInferenceService/ModelInfer`
  public func begin(call path: String, metadata: HTTPHeaders) -> Trace {
    let parts = path.split(separator: "/")
    return begin(
      metadata, name: parts.joined(separator: "/"),
      attributes: [
        Span.Attribute("rpc.system", .text("grpc")),
        Span.Attribute("rpc.service", .text(parts.first.map(String.init) ?? "")),
        Span.Attribute("rpc.method", .text(parts.last.map(String.init) ?? "")),
      ])
  }

  /// The gRPC call has ended with that status code.
  public func end(_ trace: Trace, grpcCode: Int) {
    // Those that are the server's fault, by OpenTelemetry's RPC conventions.
    let isFailure = [2, 4, 12, 13, 14, 15].contains(grpcCode)
    end(
      trace, attributes: [Span.Attribute("rpc.grpc.status_code", .integer(Int64(grpcCode)))],
      failure: isFailure ? "the call ended with status \(grpcCode)" : nil)
  }
}
