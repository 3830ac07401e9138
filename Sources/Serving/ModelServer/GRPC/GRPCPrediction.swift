internal import Basics
internal import Formats
internal import InferenceProtocol
internal import ModelRuntime

/// One `ModelInfer` on its way: decode, have it computed, encode, answer.
struct GRPCPrediction: Sendable {
  let context: ServingContext
  let deadline: Duration?
  let isCancelled: @Sendable () -> Bool
  /// Called once, on any thread, with that thread's metrics shard.
  let reply: @Sendable (Result<Bytes, RequestFailure>, _ shard: Int) -> Void

  /// Decodes at once what is short or raw, and by a worker what is long and typed. On the loop's thread.
  func begin(_ message: UnsafeRawBufferPointer, loop: Int) {
    let limit = ServingContext.loopBodyBytes
    guard message.count > limit, let typed = ModelInferRequest.typedBytes(message), typed > limit else {
      start(message, shard: loop, loop: loop)
      return
    }
    let bytes = Bytes(message)
    let accepted = context.scheduler.submitWork(.decoding) { shard in
      if isCancelled() {
        reply(.failure(.inference(.cancelled)), shard)
      } else {
        bytes.withUnsafeBytes { start($0, shard: shard, loop: -1) }
      }
    }
    if !accepted {
      reply(.failure(.overloaded("the server is busy: too many long requests are waiting already")), loop)
    }
  }

  /// - Parameter loop: index of the calling loop; -1 on other threads.
  private func start(_ message: UnsafeRawBufferPointer, shard: Int, loop: Int) {
    var watch = StopWatch()
    do throws(RequestFailure) {
      let decoded = try decode(message)
      let version = decoded.modelVersion.isEmpty ? nil : decoded.modelVersion
      let entry = try context.findServable(decoded.modelName, version: version, loop: loop)
      let request = try predictRequest(decoded.request, entry)
      let preprocess = watch.lap()
      entry.metrics.shard(shard).preprocess.observe(nanoseconds: preprocess)
      submit(decoded, request, entry, preprocess, shard)
    } catch {
      reply(.failure(error), shard)
    }
  }

  private func decode(_ message: UnsafeRawBufferPointer) throws(RequestFailure) -> ModelInferRequest {
    do throws(InferenceRequestError) {
      return try ModelInferRequest.decode(message, limits: context.options.limits)
    } catch {
      throw .request(error)
    }
  }

  private func predictRequest(
    _ request: V2Request, _ entry: ModelEntry
  ) throws(RequestFailure) -> PredictRequest {
    do throws(InferenceRequestError) {
      return try context.options.dialect.predictRequest(request, for: entry)
    } catch {
      throw .request(error)
    }
  }

  private func submit(
    _ decoded: ModelInferRequest, _ request: PredictRequest, _ entry: ModelEntry, _ preprocess: Int64,
    _ shard: Int
  ) {
    let call = InferenceCall(
      entry: entry, request: request, deadline: earliest(decoded.request.parameters),
      priority: InferencePriority.clamped(decoded.request.parameters?["priority"]?.int),
      isCancelled: isCancelled)
    context.scheduler.submit(call, shard: shard) { outcome, shard in
      switch outcome {
      case .outputs(let outputs, let info):
        var watch = StopWatch()
        let result = encode(outputs, decoded, entry)
        let postprocess = watch.lap()
        entry.metrics.shard(shard).postprocess.observe(nanoseconds: postprocess)
        context.options.latencyLog?.write(
          requestID: decoded.request.id, preprocess: preprocess, predict: info.predictNanoseconds,
          postprocess: postprocess)
        reply(result, shard)
      case .failure(let failure): reply(.failure(.inference(failure)), shard)
      }
    }
  }

  /// The call's own deadline, or that of the request parameter `timeout` (microseconds) where it is earlier.
  private func earliest(_ parameters: JSONValue?) -> Duration? {
    guard let timeout = parameters?["timeout"]?.int, timeout > 0 else { return deadline }
    let own = context.clock.monotonicNow() + .microseconds(timeout)
    return deadline.map { min($0, own) } ?? own
  }

  private func encode(
    _ outputs: [Tensor], _ decoded: ModelInferRequest, _ entry: ModelEntry
  ) -> Result<Bytes, RequestFailure> {
    do throws(InferenceRequestError) {
      let (selected, form) = try context.options.dialect.answer(outputs, to: decoded.request, from: entry)
      var writer = ProtobufWriter()
      ModelInferResponse.encode(
        model: entry.name, id: decoded.request.id ?? context.random.uuid(), outputs: selected,
        raw: decoded.hasRawInputs, form: form, into: &writer)
      return .success(writer.bytes)
    } catch {
      return .failure(.request(error))
    }
  }
}
