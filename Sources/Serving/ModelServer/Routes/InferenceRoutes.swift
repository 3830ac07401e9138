public import Basics
internal import Formats
internal import HTTPWire
public import InferenceProtocol
public import Linux
internal import ModelRuntime

/// The server's endpoints as a function: a request and the models in, an answer or a piece of work out. No
/// sockets, no threads.
public struct InferenceRoutes: Sendable {
  /// What a request leads to.
  enum Outcome: Sendable {
    case answer(ServerAnswer)
    case predict(PredictionCall)
    /// Loads or unloads a model: blocks, so a worker does it.
    case administer(@Sendable () -> ServerAnswer)
  }

  private let repository: ModelRepository
  private let metrics: ServerMetrics
  private let limits: InferenceLimits
  private let random: any RandomSource
  private let version: String
  private let latencyLog: LatencyLog?

  /// Bodies beyond this are decoded off the loop: at that size decoding alone takes some 200 µs.
  static let loopBodyBytes = 64 * ByteCount.kibibyte

  /// - Parameters:
  ///   - version: shown in `GET /v2`.
  ///   - latencyLog: told each prediction's times; nil for silence.
  public init(
    repository: ModelRepository, metrics: ServerMetrics, version: String,
    limits: InferenceLimits = InferenceLimits(), random: any RandomSource = SystemRandom(),
    latencyLog: LatencyLog? = nil
  ) {
    self.repository = repository
    self.metrics = metrics
    self.version = version
    self.latencyLog = latencyLog
    self.limits = limits
    self.random = random
  }

  /// - Parameters:
  ///   - body: read during the call only.
  ///   - shard: the metrics shard of the calling thread.
  func plan(
    _ head: HTTPRequestHead, body: UnsafeRawBufferPointer, models: ModelRepository.Snapshot, shard: Int,
    isServing: Bool, queueLength: Int
  ) -> Outcome {
    let route: InferenceRoute
    switch InferenceRoute.match(method: head.method, path: head.path) {
    case .route(let found): route = found
    case .notFound: return .answer(ServerAnswer(status: 404, json: ["detail": "Not Found"]))
    case .methodNotAllowed(let allow):
      return .answer(
        ServerAnswer(status: 405, json: ["detail": "Method Not Allowed"], fields: ["Allow": allow]))
    case .invalidName: return .answer(.error(400, "the model's name in the path is malformed"))
    }
    switch route {
    case .v1Predict(let name): return predict(name, nil, .v1, head, body, models, shard)
    case .v2Infer(let name, let version): return predict(name, version, .v2, head, body, models, shard)
    case .load(let name): return .administer { load(name) }
    case .unload(let name): return .administer { unload(name) }
    case .metrics:
      let entries = models.models.values.sorted { $0.name < $1.name }
      let text = metrics.exposition(models: entries, queueLength: queueLength)
      return .answer(ServerAnswer(contentType: PrometheusText.contentType, body: Bytes(text.utf8)))
    default: return .answer(describe(route, models, isServing: isServing))
    }
  }

  // MARK: predictions

  private func predict(
    _ name: String, _ version: String?, _ dialect: PredictionCall.Dialect, _ head: HTTPRequestHead,
    _ body: UnsafeRawBufferPointer, _ models: ModelRepository.Snapshot, _ shard: Int
  ) -> Outcome {
    guard let entry = models.models[name] else { return .answer(.modelNotFound(name)) }
    if version != nil { return .answer(Self.versioning) }
    guard let model = entry.loaded else { return .answer(.error(503, entry.notReadyMessage)) }
    if let refusal = Self.refusal(ofCoding: head.headers) { return .answer(refusal) }
    if head.headers.contains("inference-header-content-length") {
      return .answer(.error(501, "binary tensor data is not supported here; send the request as JSON"))
    }
    var call = PredictionCall(
      entry: entry, model: model, dialect: dialect, input: .body([]), limits: limits, random: random,
      latencyLog: latencyLog, requestID: latencyLog == nil ? nil : head.headers["X-Request-Id"])
    if body.count > Self.loopBodyBytes {
      call.input = .body(Bytes(body))
      return .predict(call)
    }
    do {
      var watch = StopWatch()
      let request = try PredictionCall.decode(body, dialect, model: name, limits: limits)
      call.preprocessNanoseconds = watch.lap()
      entry.metrics.shard(shard).preprocess.observe(nanoseconds: call.preprocessNanoseconds)
      call.input = .request(request)
      return .predict(call)
    } catch {
      return .answer(.error(error))
    }
  }

  private static func refusal(ofCoding headers: HTTPHeaders) -> ServerAnswer? {
    for value in headers.all("Content-Encoding") {
      for coding in value.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" })
      where coding.lowercased() != "identity" {
        return .error(
          415,
          "the request body is coded as '\(value.prefix(100))', which is not supported here; "
            + "send it without Content-Encoding", fields: ["Accept-Encoding": "identity"])
      }
    }
    return nil
  }

  // MARK: health and metadata

  private func describe(
    _ route: InferenceRoute, _ models: ModelRepository.Snapshot, isServing: Bool
  ) -> ServerAnswer {
    switch route {
    case .liveness: return ServerAnswer(json: ["status": "alive"])
    case .v1Models, .v2Models:
      return ServerAnswer(json: ["models": .array(models.names.map { .string($0) })])
    case .v2Server:
      return ServerAnswer(json: [
        "name": "kserve", "version": .string(version), "extensions": ["model_repository_extension"],
      ])
    case .v2Live: return ServerAnswer(json: ["live": true])
    case .v2Ready:
      guard isServing && models.isReady else { return .error(503, "Server is not ready.") }
      return ServerAnswer(json: ["ready": true])
    case .v1Model(let name):
      return describe(name, nil, models) { _ in ["name": .string(name), "ready": true] }
    case .v2ModelReady(let name, let version):
      return describe(name, version, models) { _ in ["name": .string(name), "ready": true] }
    case .v2Model(let name, let version): return describe(name, version, models, Self.metadata)
    case .v1Explain(let name):
      guard models.models[name] != nil else { return .modelNotFound(name) }
      return .error(501, "Model with name \(name) does not support explain: it has no explainer.")
    default: return .error(500, "the route \(route) is handled elsewhere")
    }
  }

  private func describe(
    _ name: String, _ version: String?, _ models: ModelRepository.Snapshot, _ make: (ModelEntry) -> JSONValue
  ) -> ServerAnswer {
    guard let entry = models.models[name] else { return .modelNotFound(name) }
    if version != nil { return Self.versioning }
    guard entry.loaded != nil else { return .error(503, entry.notReadyMessage) }
    return ServerAnswer(json: make(entry))
  }

  private static func metadata(_ entry: ModelEntry) -> JSONValue {
    let signature = entry.loaded?.signature
    func list(_ specs: [(name: String, datatype: String, shape: [Int])]) -> JSONValue {
      .array(
        specs.map { spec in
          [
            "name": .string(spec.name), "datatype": .string(spec.datatype),
            "shape": .array(spec.shape.map { .int($0) }),
          ]
        })
    }
    return [
      "name": .string(entry.name), "versions": .null, "platform": .string(signature?.platform ?? ""),
      "inputs": list(signature?.inputs.map { ($0.name, $0.datatype.rawValue, $0.shape) } ?? []),
      "outputs": list(signature?.outputs.map { ($0.name, $0.datatype.rawValue, $0.shape) } ?? []),
    ]
  }

  private static let versioning = ServerAnswer.error(501, "Model versioning not supported yet.")

  // MARK: repository

  private func load(_ name: String) -> ServerAnswer {
    guard repository.snapshot().models[name] != nil else { return .modelNotFound(name) }
    do {
      try repository.load(name)
      return ServerAnswer(json: ["name": .string(name), "load": true])
    } catch {
      return .error(503, "Model with name \(name) is not ready. \(error.message)")
    }
  }

  private func unload(_ name: String) -> ServerAnswer {
    guard repository.unload(name) else { return .modelNotFound(name) }
    return ServerAnswer(json: ["name": .string(name), "unload": true])
  }
}
