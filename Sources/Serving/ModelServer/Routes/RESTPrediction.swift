internal import Basics
internal import Crypto
internal import Formats
internal import HTTPWire
internal import InferenceProtocol
internal import ModelRuntime

/// One REST prediction on its way: decode, have it computed, encode, answer.
struct RESTPrediction: Sendable {
  enum Verb: Sendable { case v1Predict, v1Explain, v2Infer }

  let context: ServingContext
  let entry: ModelEntry
  let verb: Verb
  /// Of the binary form, by the request's headers.
  var event: CloudEvent?
  let media: MediaType
  /// `Inference-Header-Content-Length`
  let jsonBytes: Int?
  /// `X-Request-Id`: shown in the log, and given back.
  let requestID: String?
  /// By the request's headers.
  let hints: CallHints
  let isCancelled: (@Sendable () -> Bool)?
  let reply: @Sendable (ServerAnswer, _ shard: Int) -> Void

  /// What a body asked for.
  private struct Decoded: Sendable {
    var call: PredictRequest
    var v2: V2Request?
    var event: CloudEvent?
  }

  /// Decodes, and has the scheduler compute.
  /// - Parameter shard: the calling thread's metrics shard.
  func start(_ body: RequestBody, shard: Int) {
    var watch = StopWatch()
    let result: Result<Decoded, RequestFailure> = body.withBytes { bytes, owner in
      do throws(RequestFailure) {
        return .success(try decode(bytes, owner))
      } catch {
        return .failure(error)
      }
    }
    let decoded: Decoded
    switch result {
    case .success(let value): decoded = value
    case .failure(let failure):
      finish(failure.answer, shard)
      return
    }
    let preprocess = watch.lap()
    entry.metrics.shard(shard).preprocess.observe(nanoseconds: preprocess)
    let parameters = decoded.v2?.parameters
    let call = InferenceCall(
      entry: entry, request: decoded.call, deadline: deadline(parameters),
      priority: InferencePriority.clamped(parameters?["priority"]?.int ?? hints.priority),
      isCancelled: isCancelled)
    context.scheduler.submit(call, shard: shard) { outcome, shard in
      switch outcome {
      case .outputs(let outputs, let info):
        var watch = StopWatch()
        let answer = encode(outputs, info, decoded)
        let postprocess = watch.lap()
        entry.metrics.shard(shard).postprocess.observe(nanoseconds: postprocess)
        context.options.latencyLog?.write(
          requestID: requestID ?? decoded.v2?.id, preprocess: preprocess, predict: info.predictNanoseconds,
          postprocess: postprocess)
        finish(answer, shard)
      case .failure(let failure): finish(RequestFailure.inference(failure).answer, shard)
      }
    }
  }

  /// The header's, or Triton's request parameter `timeout` in microseconds where that is earlier.
  private func deadline(_ parameters: JSONValue?) -> Duration? {
    guard let timeout = parameters?["timeout"]?.int, timeout > 0 else { return hints.deadline }
    let own = context.clock.monotonicNow() + .microseconds(timeout)
    return hints.deadline.map { min($0, own) } ?? own
  }

  func finish(_ answer: ServerAnswer, _ shard: Int) {
    guard let requestID else { return reply(answer, shard) }
    var answer = answer
    answer.fields.append("X-Request-Id", requestID)
    reply(answer, shard)
  }

  // MARK: decoding

  private func decode(
    _ bytes: UnsafeRawBufferPointer, _ owner: ArraySlice<UInt8>?
  ) throws(RequestFailure) -> Decoded {
    if media == .cloudEvent, event == nil {
      guard let decoded = try decodeStructured(bytes, isDeclared: true) else {
        return try decodeData(bytes, owner, event: nil)
      }
      return decoded
    }
    do {
      return try decodeData(bytes, owner, event: event)
    } catch {
      guard case .request(let reason) = error else { throw error }
      // What is no request may be an event around one, as upstream looks at it.
      if event == nil, verb != .v2Infer, reason.code == .invalid,
        let decoded = try decodeStructured(bytes, isDeclared: false)
      {
        return decoded
      }
      throw classified(reason)
    }
  }

  /// Says why a body is not understood in view of what it claims to be.
  private func classified(_ reason: InferenceRequestError) -> RequestFailure {
    guard reason.code == .malformed else { return .request(reason) }
    if event != nil {
      return .request(
        InferenceRequestError(
          .malformed, "Failed to decode or parse binary json cloudevent: \(reason.message)"))
    }
    switch media {
    case .binary where verb == .v2Infer && jsonBytes == nil:
      return .request(
        InferenceRequestError(
          .invalid, "received byte inputs, but the'inference-header-content-length' header is missing."))
    case .other(let type):
      return .unsupportedMedia(
        "the request's content type '\(type.prefix(100))' is not supported here: send JSON as "
          + "application/json")
    default: return .request(reason)
    }
  }

  /// - Returns: nil where the body has no data of its own.
  private func decodeStructured(
    _ bytes: UnsafeRawBufferPointer, isDeclared: Bool
  ) throws(RequestFailure) -> Decoded? {
    let found: (CloudEvent, CloudEvent.Data)?
    do throws(InferenceRequestError) {
      found = try CloudEvent.structured(bytes, isDeclared: isDeclared)
    } catch {
      throw .request(error)
    }
    guard let (event, data) = found else { return nil }
    // An answer is an event only where the request said that it is one.
    let answered = isDeclared ? event : nil
    switch data {
    case .json(let range):
      return try decodeData(UnsafeRawBufferPointer(rebasing: bytes[range]), nil, event: answered)
    case .base64(let text):
      guard let decoded = Base64.decode(text) else {
        throw .request(
          InferenceRequestError(.invalid, "Cloud Event Exceptions: 'data_base64' is no base64"))
      }
      let result: Result<Decoded, RequestFailure> = decoded.withUnsafeBytes { buffer in
        do throws(RequestFailure) {
          return .success(try decodeData(buffer, nil, event: answered))
        } catch {
          return .failure(error)
        }
      }
      return try result.get()
    }
  }

  private func decodeData(
    _ bytes: UnsafeRawBufferPointer, _ owner: ArraySlice<UInt8>?, event: CloudEvent?
  ) throws(RequestFailure) -> Decoded {
    do throws(InferenceRequestError) {
      switch verb {
      case .v1Predict, .v1Explain:
        let function: ModelFunction = verb == .v1Explain ? .explain : entry.plainFunction
        var call = PredictRequest(inputs: [], function: function)
        if entry.loaded?.takesPayloads == true {
          try V1Request.check(bytes)
          call.payload = Bytes(bytes)
        } else {
          call.inputs = try V1Request.decode(bytes, limits: context.options.limits)
          call.hasInferredTypes = true
        }
        return Decoded(call: call, event: event)
      case .v2Infer:
        let request = try V2Request.decode(
          bytes, jsonBytes: jsonBytes, owner: owner, model: entry.name, limits: context.options.limits)
        let call = try context.options.dialect.predictRequest(request, for: entry)
        return Decoded(call: call, v2: request, event: event)
      }
    } catch {
      throw .request(error)
    }
  }

  // MARK: encoding

  private func encode(_ outputs: [Tensor], _ info: InferenceInfo, _ decoded: Decoded) -> ServerAnswer {
    var answer: ServerAnswer
    if let request = decoded.v2 {
      do throws(InferenceRequestError) {
        answer = try encodeV2(outputs, request, isBinaryAllowed: decoded.event?.mode != .structured)
      } catch {
        return RequestFailure.request(error).answer
      }
    } else if decoded.call.payload != nil {
      // The model answers with the body itself.
      guard case .strings(let texts)? = outputs.first?.values.unpacked(), let text = texts.first else {
        return .error(500, "Model \(entry.name) gave no answer that can be shown")
      }
      answer = ServerAnswer(body: Bytes(text.utf8))
    } else {
      let key = verb == .v1Explain ? "explanations" : "predictions"
      answer = ServerAnswer(body: V1Response.encode(outputs, key: key, batchID: info.batchID))
    }
    if let event = decoded.event { wrap(&answer, answering: event) }
    return answer
  }

  private func encodeV2(
    _ outputs: [Tensor], _ request: V2Request, isBinaryAllowed: Bool
  ) throws(InferenceRequestError) -> ServerAnswer {
    let (selected, form) = try context.options.dialect.answer(outputs, to: request, from: entry)
    let id = request.id ?? context.random.uuid()
    let response = try V2Response.encode(
      model: entry.name, id: id, outputs: selected, form: form, keepsLong: true
    ) { index in isBinaryAllowed && request.wantsBinary(index) }
    var fields = context.options.dialect.fields(answering: id, from: entry)
    guard let jsonBytes = response.jsonBytes else { return ServerAnswer(body: response.body, fields: fields) }
    fields.append("Inference-Header-Content-Length", String(jsonBytes))
    var answer = ServerAnswer(contentType: "application/octet-stream", body: response.body, fields: fields)
    answer.tensors = response.tensors
    return answer
  }

  private func wrap(_ answer: inout ServerAnswer, answering event: CloudEvent) {
    let reply = context.options.cloudEvents
    let attributes = reply.attributes(
      answering: event, model: entry.name, id: context.random.uuid(), time: context.clock.now().rfc3339Micro)
    switch event.mode {
    case .binary:
      for (name, value) in CloudEventReply.headers(attributes) { answer.fields.append(name, value) }
    case .structured:
      answer.body = CloudEventReply.structuredBody(attributes, data: answer.body)
      answer.contentType = "application/cloudevents+json"
    }
  }
}
