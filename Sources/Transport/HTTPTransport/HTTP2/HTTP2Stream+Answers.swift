internal import Basics
internal import CNghttp2
internal import HTTPWire

/// From the handler to the client.
extension HTTP2Stream: ExchangeDriver {
  func isCancelled(_ sequence: Int) -> Bool { isCancelled }

  func respond(_ sequence: Int, _ head: HTTPResponseHead, _ body: Bytes) {
    guard let hasBody = beginWhole(head, body.count) else { return }
    if hasBody {
      output.append(body)
      outputGrew(by: body.count)
    }
    finishAnswer()
  }

  func respond(_ sequence: Int, _ head: HTTPResponseHead, _ body: UnsafeRawBufferPointer) {
    guard let hasBody = beginWhole(head, body.count) else { return }
    if hasBody {
      output.append(body)
      outputGrew(by: body.count)
    }
    finishAnswer()
  }

  func sendHead(_ sequence: Int, _ head: HTTPResponseHead) {
    guard !isClosed, answer == .waiting else { return }
    let length = head.headers["Content-Length"].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    lengthLeft = length
    answer = .begun
    submitHead(head, length: length, hasBody: true)
  }

  func sendBody(_ sequence: Int, _ bytes: Bytes) -> Bool {
    guard takesPiece(bytes.count) else { return false }
    if !dropsBody {
      output.append(bytes)
      outputGrew(by: bytes.count)
    }
    return output.count < outputMark
  }

  func sendBody(_ sequence: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard takesPiece(bytes.count) else { return false }
    if !dropsBody {
      output.append(bytes)
      outputGrew(by: bytes.count)
    }
    return output.count < outputMark
  }

  func sendBody(_ sequence: Int, _ bytes: Bytes, _ continuation: CheckedContinuation<Bool, Never>) {
    let hasRoom = sendBody(sequence, bytes)
    guard !isClosed, answer == .begun else {
      continuation.resume(returning: false)
      return
    }
    // One writer at a time: an earlier one that still waits has no claim on the order any more.
    exchange(&writer, nil)?.resume(returning: true)
    if hasRoom {
      continuation.resume(returning: true)
    } else {
      writer = continuation
    }
  }

  func finish(_ sequence: Int) {
    guard !isClosed, answer == .begun else { return }
    if let lengthLeft, lengthLeft > 0, !dropsBody {
      // The promise of the head cannot be kept any more.
      reset(NGHTTP2_INTERNAL_ERROR)
      return
    }
    finishAnswer()
    outputChanged()
  }

  func abort(_ sequence: Int) { reset(NGHTTP2_INTERNAL_ERROR) }

  func dropped(_ sequence: Int) {
    guard !isClosed else { return }
    switch answer {
    case .waiting:
      let body = Bytes("{\"error\":\"the request was not answered\"}\n".utf8)
      respond(sequence, HTTPResponseHead(status: 500, headers: ["Content-Type": "application/json"]), body)
    case .begun: abort(sequence)
    case .ended: break
    }
  }

  func pauseRequest(_ sequence: Int) {
    guard !isClosed, !reportedEnd else { return }
    isPaused = true
    bodyDeadline = .max
  }

  func resumeRequest(_ sequence: Int) {
    guard isPaused else { return }
    isPaused = false
    deliverSoon()
  }

  /// Answers an error of the wire, where an answer is still possible, and takes nothing more of the request.
  func refuse(_ error: HTTPWireError) {
    guard !isClosed else { return }
    guard answer == .waiting else {
      reset(NGHTTP2_INTERNAL_ERROR)
      return
    }
    // Whoever is told about it must not answer by itself.
    answer = .ended
    cancel()
    answer = .waiting
    forgetUpload()
    let head = HTTPResponseHead(status: error.status, headers: ["Content-Type": "application/json"])
    respond(0, head, Bytes("{\"error\":\"\(error.message)\"}\n".utf8))
  }

  /// The server drains: streamed answers of the async face end.
  func endStreamedAnswer() {
    if case .async = server.state.handler, answer == .begun { task?.cancel() }
    if !inputEnded { waitForBody() }
  }

  // MARK: the parts of an answer

  /// - Returns: whether the body is to follow; nil where no answer is expected any more.
  private func beginWhole(_ head: HTTPResponseHead, _ count: Int) -> Bool? {
    guard !isClosed, answer == .waiting else { return nil }
    answer = .begun
    if HTTPStatus.forbidsBody(head.status) {
      submitHead(head, length: nil, hasBody: false)
      return false
    }
    var length = count
    // The answer to HEAD says what GET would have got.
    if isHEAD, count == 0, let said = head.headers["Content-Length"].flatMap({ Int($0) }), said > 0 {
      length = said
    }
    let hasBody = !isHEAD && count > 0
    submitHead(head, length: length, hasBody: hasBody)
    return hasBody
  }

  /// Bytes of answers to HEAD are taken and thrown away.
  private var dropsBody: Bool { isHEAD }

  private func takesPiece(_ count: Int) -> Bool {
    guard !isClosed, answer == .begun else { return false }
    if let left = lengthLeft, !dropsBody {
      guard count <= left else {
        reset(NGHTTP2_INTERNAL_ERROR)
        return false
      }
      lengthLeft = left - count
    }
    return true
  }

  private func submitHead(_ head: HTTPResponseHead, length: Int?, hasBody: Bool) {
    connection.fields.setHead(head, length: length, date: server.currentDate())
    let result = connection.fields.withPairs { pairs, count -> Int32 in
      guard hasBody else { return nghttp2_submit_response(session, id, pairs, count, nil) }
      var provider = HTTP2Callbacks.provider()
      return nghttp2_submit_response(session, id, pairs, count, &provider)
    }
    if result != 0 { reset(NGHTTP2_INTERNAL_ERROR) }
    connection.pumpSoon()
  }

  private func finishAnswer() {
    answer = .ended
    if inputEnded {
      letGo()
    } else {
      // Its receiver has answered early: the rest of the request has no reader.
      exchange(&writer, nil)?.resume(returning: false)
      task = nil
      face = .none
      forgetUpload()
    }
  }
}
