internal import Basics
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime

/// One prediction, ready to be computed on whichever thread is right for it.
struct PredictionCall: Sendable {
  enum Dialect: Sendable { case v1, v2 }

  /// What the body asked for.
  struct Request: Sendable {
    var inputs: [Tensor]
    var v2: V2Request?
  }

  enum Input: Sendable {
    case request(Request)
    /// A long body, to be decoded where the prediction is computed.
    case body(Bytes)
  }

  let entry: ModelEntry
  let model: any LoadedModel
  let dialect: Dialect
  var input: Input
  let limits: InferenceLimits
  let random: any RandomSource
  /// Where each call's times are told; nil where nobody asked.
  let latencyLog: LatencyLog?
  let requestID: String?
  /// What decoding took, where that was done before.
  var preprocessNanoseconds: Int64 = 0

  /// What the prediction may cost, by the model's own estimate.
  var estimatedNanoseconds: Double {
    switch input {
    case .request(let request): Double(Self.rows(request.inputs)) * model.estimatedNanosecondsPerRow
    case .body: .infinity
    }
  }

  /// Decodes a request in place.
  static func decode(
    _ body: UnsafeRawBufferPointer, _ dialect: Dialect, model: String, limits: InferenceLimits
  ) throws(InferenceRequestError) -> Request {
    switch dialect {
    case .v1: return Request(inputs: try V1Request.decode(body, limits: limits))
    case .v2:
      let request = try V2Request.decode(body, model: model, limits: limits)
      return Request(inputs: request.inputs, v2: request)
    }
  }

  /// Computes the answer. Blocks for as long as the model takes.
  func run(shard index: Int) -> ServerAnswer {
    let shard = entry.metrics.shard(index)
    var watch = StopWatch()
    var preprocess = preprocessNanoseconds
    let request: Request
    switch input {
    case .request(let decoded): request = decoded
    case .body(let bytes):
      let result: Result<Request, InferenceRequestError> = bytes.withUnsafeBytes { buffer in
        do throws(InferenceRequestError) {
          return .success(try Self.decode(buffer, dialect, model: entry.name, limits: limits))
        } catch {
          return .failure(error)
        }
      }
      switch result {
      case .success(let decoded): request = decoded
      case .failure(let error): return .error(error)
      }
      preprocess = watch.lap()
      shard.preprocess.observe(nanoseconds: preprocess)
    }
    do {
      let outputs = try model.predict(request.inputs)
      let predict = watch.lap()
      shard.predict.observe(nanoseconds: predict)
      let answer = encode(outputs, request)
      let postprocess = watch.lap()
      shard.postprocess.observe(nanoseconds: postprocess)
      latencyLog?.write(
        requestID: requestID ?? request.v2?.id, preprocess: preprocess, predict: predict,
        postprocess: postprocess)
      return answer
    } catch {
      return .error(error)
    }
  }

  private func encode(_ outputs: [Tensor], _ request: Request) -> ServerAnswer {
    for output in outputs where Tensor.elementCount(of: output.shape) != output.values.count {
      return .error(
        500,
        "Model \(entry.name) answered \(output.values.count) values for output '\(output.name)' "
          + "of shape \(output.shape)")
    }
    guard let v2 = request.v2 else { return ServerAnswer(body: V1Response.encode(outputs)) }
    do {
      let selected = try v2.select(outputs, model: entry.name)
      let id = v2.id ?? random.uuid()
      return ServerAnswer(
        body: try V2Response.encode(model: entry.name, id: id, outputs: selected).body)
    } catch {
      return .error(error)
    }
  }

  private static func rows(_ inputs: [Tensor]) -> Int { inputs.map { $0.shape.first ?? 1 }.max() ?? 0 }
}

/// Measures consecutive steps.
struct StopWatch {
  private let clock = SystemClock()
  private var last: Duration

  init() { last = clock.monotonicNow() }

  /// Nanoseconds since the last call, or since the beginning.
  mutating func lap() -> Int64 {
    let now = clock.monotonicNow()
    defer { last = now }
    let (seconds, attoseconds) = (now - last).components
    return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
  }
}
