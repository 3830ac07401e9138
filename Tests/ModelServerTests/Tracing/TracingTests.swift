import Basics
import Formats
import HTTPTransport
import HTTPWire
import Linux
import ModelRuntime
import Synchronization
import Telemetry
import Testing

@testable import ModelServer

struct TracingTests {
  private struct CountingRandom: RandomSource {
    private let state = Counter()

    func next() -> UInt64 {
      state.add(1)
      return state.value
    }
  }

  /// Takes in what is posted to it.
  private final class Collector: AsyncHTTPHandler {
    let bodies: AsyncStream<(String, Bytes)>
    private let received: AsyncStream<(String, Bytes)>.Continuation
    private let refusals = Mutex(1)

    init() { (bodies, received) = AsyncStream.makeStream() }

    func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse {
      // The first attempt fails, as with a collector that is just starting.
      let isRefused = refusals.withLock { left in
        left -= 1
        return left >= 0
      }
      if !isRefused { received.yield((String(request.head.path), request.body)) }
      return AsyncHTTPResponse(head: .init(status: isRefused ? 503 : 200), body: .bytes(Bytes("{}".utf8)))
    }
  }

  private func configuration(_ variables: [String: String] = [:]) throws -> TracingConfiguration {
    let all = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"].merging(variables) { $1 }
    return try #require(TracingConfiguration(serviceName: "iris") { all[$0] })
  }

  private let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"

  @Test func aRequestsSpanIsAChildOfItsCallers() throws {
    let tracer = RequestTracer(try configuration(), random: CountingRandom(), clock: SimulatedClock())
    var trace = tracer.begin(
      HTTPRequestHead(
        method: "POST", target: "/v2/models/iris/infer?x",
        headers: ["Traceparent": "\(parent)1", "tracestate": "a=b", "Tracestate": "c=d"]))
    #expect(trace.traceparent == "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01")
    #expect(trace.tracestate == "a=b,c=d")
    trace.set("more", .integer(1))
    tracer.end(trace, status: 503)
    let span = try #require(tracer.buffer.takeBatch().first)
    #expect(span.parent?.description == "00f067aa0ba902b7")
    #expect(span.name == "POST /v2/models/iris/infer")
    #expect(span.failure == "the server answered 503")
    #expect(span.attributes.contains(Span.Attribute("http.response.status_code", .integer(503))))
  }

  @Test func aCallerThatIsNotSampledIsNotRecordedButStillToldItsTrace() throws {
    let tracer = RequestTracer(try configuration(), random: CountingRandom(), clock: SimulatedClock())
    let trace = tracer.begin(
      HTTPRequestHead(method: "GET", target: "/", headers: ["traceparent": "\(parent)0"]))
    tracer.end(trace, status: 200)
    #expect(trace.traceparent.hasPrefix("00-4bf92f3577b34da6a3ce929d0e0e4736-"))
    #expect(trace.traceparent.hasSuffix("-00"))
    #expect(tracer.buffer.count == 0)
  }

  @Test func nonsenseStartsATraceOfItsOwn() throws {
    let tracer = RequestTracer(try configuration(), random: CountingRandom(), clock: SimulatedClock())
    for headers in [
      HTTPHeaders([("traceparent", "nonsense")]), [:],
      HTTPHeaders([("traceparent", "\(parent)1"), ("traceparent", "\(parent)1")]),
    ] {
      let trace = tracer.begin(call: "/inference.GRPCInferenceService/ModelInfer", metadata: headers)
      tracer.end(trace, grpcCode: 3)
      let span = try #require(tracer.buffer.takeBatch().first)
      #expect(span.parent == nil)
      #expect(span.failure == nil)
      #expect(span.name == "inference.GRPCInferenceService/ModelInfer")
    }
  }

  @Test func spansReachTheCollectorAlsoAtTheSecondTry() async throws {
    let group = try EventLoopGroup(loops: 1, name: "collector")
    let collector = Collector()
    let server = HTTPServer(group: group, handler: .async(collector))
    let bound = try server.listenOnLoopback(port: 0)
    let tracer = RequestTracer(
      try configuration(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://\(bound[0])"]), random: SystemRandom(),
      clock: SystemClock())
    let clock = SimulatedClock()
    let exporter = try SpanExporter(tracer, version: "1", clock: clock)
    let task = Task { await exporter.run() }
    tracer.end(tracer.begin(HTTPRequestHead(method: "GET", target: "/")), status: 200)
    await clock.waitForSleepers()
    clock.advance(by: .seconds(5))
    await clock.waitForSleepers()
    clock.advance(by: .seconds(1))
    var bodies = collector.bodies.makeAsyncIterator()
    let (path, body) = try #require(await bodies.next())
    #expect(path == "/v1/traces")
    let value = try JSONValue(parsing: body)
    #expect(value["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]?[0]?["name"]?.string == "GET /")
    tracer.end(tracer.begin(HTTPRequestHead(method: "GET", target: "/last")), status: 200)
    task.cancel()
    await task.value
    await exporter.finish()
    let (_, last) = try #require(await bodies.next())
    #expect(String(decoding: last, as: UTF8.self).contains("GET /last"))
    #expect(tracer.buffer.dropped == 0)
    await server.drain(timeout: .zero)
    await group.shutdown()
  }
}
