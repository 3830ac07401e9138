internal import Basics
public import HTTPTransport
public import HTTPWire
internal import InferenceProtocol

/// A tensor as it is sent: from the memory that the model wrote it to.
private struct TensorPiece: BodyPiece {
  let values: TensorValues

  var byteCount: Int { values.binarySize }
  func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) { values.withBinary(body) }
}

/// Binds the REST routes to HTTP.
public final class ModelServer: BufferedHTTPHandler {
  private let context: ServingContext
  private let routes: InferenceRoutes
  /// One per loop; none where every request is the general path's.
  private let directPaths: [DirectPath]

  /// - Parameter answersDirectly: whether cheap and plain requests take the direct path.
  public init(_ context: ServingContext, answersDirectly: Bool = true) {
    self.context = context
    routes = InferenceRoutes(context: context)
    directPaths =
      answersDirectly && DirectPath.isAllowed(by: context.options)
      ? (0..<context.loops).map { DirectPath(context, shard: $0) } : []
  }

  public var answersDirectly: Bool { !directPaths.isEmpty }

  public func answerDirectly(
    _ request: DirectRequest, into answer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    // Spans are made on the general path.
    guard request.loop < directPaths.count else { return nil }
    return directPaths[request.loop].answer(request, into: answer)
  }

  /// From now on the server says that it is not ready; requests are still answered.
  public func beginDraining() { context.beginDraining() }

  public func handle(_ head: HTTPRequestHead, body: UnsafeRawBufferPointer, exchange: HTTPExchange) {
    handle(head, .view(body), exchange)
  }

  /// Binary tensors begin behind the JSON: models can compute on them where they were received.
  public func alignedOffset(in head: HTTPRequestHead) -> Int {
    guard let text = head.headers["Inference-Header-Content-Length"], let length = Int(text) else { return 0 }
    return max(0, length)
  }

  public func handle(_ head: HTTPRequestHead, ownedBody body: ArraySlice<UInt8>, exchange: HTTPExchange) {
    if answeredDirectly(head, body, exchange) { return }
    handle(head, .owned(body), exchange)
  }

  private func answeredDirectly(
    _ head: HTTPRequestHead, _ body: ArraySlice<UInt8>, _ exchange: HTTPExchange
  ) -> Bool {
    let loop = exchange.loop.index
    guard loop < directPaths.count, HTTPPlainRequest.isPlain(head) else { return false }
    var target = head.target
    return target.withUTF8 { target in
      body.withUnsafeBytes { body in
        let request = DirectRequest(target: UnsafeRawBufferPointer(target), body: body, loop: loop)
        guard let answer = directPaths[loop].answerLong(request) else { return false }
        exchange.respond(Self.plainHead, body: answer)
        return true
      }
    }
  }

  private static let plainHead = HTTPResponseHead(
    status: 200, headers: ["Content-Type": "application/json"])

  private func handle(_ head: HTTPRequestHead, _ body: RequestBody, _ exchange: HTTPExchange) {
    let loop = exchange.loop.index
    let metrics = context.metrics
    let tracer = context.options.tracer
    let trace = tracer?.begin(head)
    let payloads = context.options.payloads
    let asked = head
    let copied = payloads?.request(head, Bytes(body.bytes))
    metrics.shard(loop).started.add(1)
    routes.handle(
      RouteRequest(
        head: head, body: body, loop: loop, isCancelled: { exchange.isCancelled },
        reply: { answer, shard in
          if let payloads, let copied {
            payloads.response(
              copied, to: asked, status: answer.status, contentType: answer.contentType, answer.wholeBody)
          }
          var head = answer.head
          if let tracer, let trace {
            head.headers.append("traceparent", trace.traceparent)
            tracer.end(trace, status: answer.status)
          }
          if answer.tensors.isEmpty {
            exchange.respond(head, body: answer.body)
          } else {
            let pieces = answer.tensors.map { TensorPiece(values: $0) }
            exchange.respond(head, body: answer.body, followedBy: pieces)
          }
          metrics.shard(shard).countAnswer(answer.status)
          metrics.shard(shard).finished.add(1)
        }))
  }
}
