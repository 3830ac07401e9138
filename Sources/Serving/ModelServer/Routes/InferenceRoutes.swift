internal import Basics
internal import Formats
internal import HTTPWire
internal import InferenceProtocol
internal import ModelRuntime

/// The REST endpoints as a function: a request in, one answer out, at once or later. No sockets.
struct InferenceRoutes: Sendable {
  let context: ServingContext

  /// Answers a request. On the thread of the loop that read it.
  func handle(_ request: RouteRequest) {
    guard let path = context.options.dialect.path(request.head.path) else {
      return answer(ServerAnswer(status: 404, json: ["detail": "Not Found"]), request)
    }
    switch InferenceRoute.match(method: request.head.method, path: path) {
    case .route(let route): handle(route, request)
    case .notFound: answer(ServerAnswer(status: 404, json: ["detail": "Not Found"]), request)
    case .methodNotAllowed(let allow):
      answer(
        ServerAnswer(status: 405, json: ["detail": "Method Not Allowed"], fields: ["Allow": allow]), request)
    case .invalidName: answer(.error(400, "the model's name in the path is malformed"), request)
    }
  }

  private func handle(_ route: InferenceRoute, _ request: RouteRequest) {
    switch route {
    case .v2Infer(let name, let version): predict(name, version, .v2Infer, request)
    case .v1Predict(let name): predict(name, nil, .v1Predict, request)
    case .v1Explain(let name): predict(name, nil, .v1Explain, request)
    case .load(let name): administer(request) { load(name) }
    case .unload(let name, let version): administer(request) { unload(name, version) }
    case .index:
      let onlyReady = request.body.withBytes { bytes, _ in
        (try? JSONValue(parsing: bytes))?["ready"]?.bool ?? false
      }
      administer(request, .description) { index(onlyReady: onlyReady) }
    case .metrics:
      let accept = request.head.headers["Accept"]
      administer(request, .description) { metricsPage(accept: accept) }
    default: answer(describe(route, loop: request.loop), request)
    }
  }

  private func answer(_ answer: ServerAnswer, _ request: RouteRequest) {
    request.reply(answer, request.loop)
  }

  // MARK: predictions

  private func predict(
    _ name: String, _ version: String?, _ verb: RESTPrediction.Verb, _ request: RouteRequest
  ) {
    do throws(RequestFailure) {
      let entry = try context.findServable(name, version: version, loop: request.loop)
      if verb == .v1Explain { try checkExplains(entry) }
      start(try prediction(of: entry, verb, request), request)
    } catch {
      answer(context.answer(to: error), request)
    }
  }

  private func checkExplains(_ entry: ModelEntry) throws(RequestFailure) {
    guard let model = entry.loaded, !model.functions.contains(.explain) else { return }
    throw .notImplemented("Model with name \(entry.name) does not support explain: it has no explainer.")
  }

  private func prediction(
    of entry: ModelEntry, _ verb: RESTPrediction.Verb, _ request: RouteRequest
  ) throws(RequestFailure) -> RESTPrediction {
    // One walk over the fields for all that matters here.
    var contentType: String?
    var headerLength: String?
    var requestID: String?
    var priority: Int64?
    var milliseconds: Int64?
    var isEvent = false
    for field in request.head.headers.fields {
      switch field.name.utf8.count {
      case 12 where HTTPHeaders.equal(field.name, "Content-Type"): contentType = contentType ?? field.value
      case 12 where HTTPHeaders.equal(field.name, "X-Request-Id"): requestID = requestID ?? field.value
      case 18 where HTTPHeaders.equal(field.name, CallHints.priorityField):
        priority = try CallHints.number(field.value, of: CallHints.priorityField)
      case 20 where HTTPHeaders.equal(field.name, CallHints.timeoutField):
        milliseconds = try CallHints.number(field.value, of: CallHints.timeoutField)
      case 14 where HTTPHeaders.equal(field.name, "ce-specversion"): isEvent = true
      case 16 where HTTPHeaders.equal(field.name, "Content-Encoding"): try Self.checkCoding(field.value)
      case 31 where HTTPHeaders.equal(field.name, "Inference-Header-Content-Length"):
        headerLength = headerLength ?? field.value
      default: break
      }
    }
    var jsonBytes: Int?
    if let headerLength, verb == .v2Infer {
      guard let length = Int(headerLength), length >= 0 else {
        throw .request(
          InferenceRequestError(
            .invalid,
            "the header 'inference-header-content-length' is no length: '\(headerLength.prefix(40))'"))
      }
      jsonBytes = length
    }
    return RESTPrediction(
      context: context, entry: entry, verb: verb,
      event: isEvent ? try Self.event(request.head.headers, contentType) : nil,
      media: MediaType(contentType), jsonBytes: jsonBytes, requestID: requestID,
      hints: CallHints(
        priority: priority, deadline: milliseconds.map { context.clock.monotonicNow() + .milliseconds($0) }),
      isCancelled: request.isCancelled, reply: request.reply)
  }

  private static func event(
    _ headers: HTTPHeaders, _ contentType: String?
  ) throws(RequestFailure) -> CloudEvent? {
    do throws(InferenceRequestError) {
      return try CloudEvent.binary(
        headers: headers.fields.map { ($0.name, $0.value) }, contentType: contentType)
    } catch {
      throw .request(error)
    }
  }

  private static func checkCoding(_ value: String) throws(RequestFailure) {
    for coding in value.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" })
    where coding.lowercased() != "identity" {
      throw .unsupportedMedia(
        "the request body is coded as '\(value.prefix(100))', which is not supported here; "
          + "send it without Content-Encoding")
    }
  }

  /// Short bodies are decoded here, and so are long ones whose length is that of binary tensors, which need
  /// no decoding; the rest by a worker.
  private func start(_ prediction: RESTPrediction, _ request: RouteRequest) {
    if (prediction.jsonBytes ?? request.body.count) <= ServingContext.loopBodyBytes {
      prediction.start(request.body, shard: request.loop)
      return
    }
    let body = request.body.bytes
    let isCancelled = request.isCancelled
    let accepted = context.scheduler.submitWork(.decoding) { shard in
      if isCancelled?() == true {
        prediction.finish(RequestFailure.inference(.cancelled).answer, shard)
      } else {
        prediction.start(.owned(body), shard: shard)
      }
    }
    if !accepted {
      prediction.finish(
        RequestFailure.overloaded("the server is busy: too many long requests are waiting already").answer,
        request.loop)
    }
  }

  // MARK: what blocks

  private func administer(
    _ request: RouteRequest, _ kind: InferenceScheduler.WorkKind = .administration,
    _ work: @escaping @Sendable () -> ServerAnswer
  ) {
    let reply = request.reply
    let accepted = context.scheduler.submitWork(kind) { shard in reply(work(), shard) }
    if !accepted {
      answer(
        RequestFailure.overloaded("the server is busy: too many models are being loaded already").answer,
        request)
    }
  }
}
