internal import Basics
internal import HTTPWire
internal import Synchronization

/// From the handler to bytes.
extension HTTP1ServerConnection: ExchangeDriver {
  func isCancelled(_ sequence: Int) -> Bool { cancelledThrough.load(ordering: .relaxed) >= sequence }

  func respond(_ sequence: Int, _ head: HTTPResponseHead, _ body: Bytes) {
    guard isWaiting(sequence) else { return }
    if writeWholeHead(head, body.count) { channel.write(body) }
    finishResponse()
  }

  func respond(_ sequence: Int, _ head: HTTPResponseHead, _ body: Bytes, _ pieces: [any BodyPiece]) {
    guard isWaiting(sequence) else { return }
    let length = pieces.reduce(body.count) { $0 + $1.byteCount }
    if writeWholeHead(head, length) {
      channel.write(body)
      for piece in pieces { channel.write(piece) }
    }
    finishResponse()
    // Sent while the caches hold it, and its memory is free for the next request of this turn.
    if length >= Self.longAnswer { channel.flush() }
  }

  /// Longer answers do not wait for others of their turn.
  private static let longAnswer = 64 * ByteCount.kibibyte

  func respond(_ sequence: Int, _ head: HTTPResponseHead, _ body: UnsafeRawBufferPointer) {
    guard isWaiting(sequence) else { return }
    if writeWholeHead(head, body.count) { channel.write(body) }
    finishResponse()
  }

  func sendHead(_ sequence: Int, _ head: HTTPResponseHead) {
    guard isWaiting(sequence) else { return }
    let length = head.headers["Content-Length"].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    let framing: HTTPBodyFraming
    if HTTPStatus.forbidsBody(head.status) {
      framing = .none
      response = .streaming(.none)
    } else if let length {
      framing = .length(length)
      response = .streaming(isHEAD ? .none : .length(left: length))
    } else if isHTTP10 {
      framing = .untilClose
      response = .streaming(isHEAD ? .none : .untilClose)
      closesAfterAnswer = true
    } else {
      framing = .chunked
      response = .streaming(isHEAD ? .none : .chunked)
    }
    writeHead(head, framing)
  }

  func sendBody(_ sequence: Int, _ bytes: Bytes) -> Bool {
    guard isStreaming(sequence) else { return false }
    guard !bytes.isEmpty, let framing = beginPiece(bytes.count) else { return channel.isWritable }
    channel.write(bytes)
    endPiece(framing)
    return channel.isWritable
  }

  func sendBody(_ sequence: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard isStreaming(sequence) else { return false }
    guard !bytes.isEmpty, let framing = beginPiece(bytes.count) else { return channel.isWritable }
    channel.write(bytes)
    endPiece(framing)
    return channel.isWritable
  }

  func sendBody(_ sequence: Int, _ bytes: Bytes, _ continuation: CheckedContinuation<Bool, Never>) {
    let hasRoom = sendBody(sequence, bytes)
    guard isStreaming(sequence) else {
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
    guard isStreaming(sequence), case .streaming(let body) = response else { return }
    switch body {
    case .length(let left) where left > 0:
      // The promise of the head cannot be kept any more.
      breakOff("the answer was shorter than its Content-Length")
      return
    case .chunked: channel.write(HTTPSerializer.lastChunk)
    case .untilClose, .length, .none: break
    }
    finishResponse()
  }

  func abort(_ sequence: Int) {
    guard sequence == self.sequence, channel.isOpen else { return }
    breakOff("the answer was broken off")
  }

  /// The client gets what there is of the answer, as far as the socket takes it at once, and sees that the
  /// rest is missing. Without a length or chunks it would take the part for the whole: then it gets nothing
  /// more.
  private func breakOff(_ reason: String) {
    if case .streaming(let body) = response {
      switch body {
      case .length, .chunked: channel.flush()
      case .untilClose, .none: break
      }
    }
    channel.close(.failed(reason))
  }

  func dropped(_ sequence: Int) {
    if isWaiting(sequence) {
      let body = Bytes("{\"error\":\"the request was not answered\"}\n".utf8)
      respond(sequence, HTTPResponseHead(status: 500, headers: ["Content-Type": "application/json"]), body)
    } else if isStreaming(sequence) {
      abort(sequence)
    }
  }

  func pauseRequest(_ sequence: Int) {
    guard sequence == self.sequence, !isRequestPaused, case .body = request else { return }
    isRequestPaused = true
    enter(.none)
    updateReading()
  }

  func resumeRequest(_ sequence: Int) {
    guard sequence == self.sequence, isRequestPaused else { return }
    isRequestPaused = false
    sendContinueIfOwed()
    if case .body = request { enter(.body) }
    continueSoon()
  }

  // MARK: the parts of an answer

  private func isWaiting(_ sequence: Int) -> Bool {
    guard sequence == self.sequence, channel.isOpen, case .waiting = response else { return false }
    return true
  }

  private func isStreaming(_ sequence: Int) -> Bool {
    guard sequence == self.sequence, channel.isOpen, case .streaming = response else { return false }
    return true
  }

  /// - Returns: whether the body is to follow.
  private func writeWholeHead(_ head: HTTPResponseHead, _ count: Int) -> Bool {
    if HTTPStatus.forbidsBody(head.status) {
      writeHead(head, .none)
      return false
    }
    var length = count
    // The answer to HEAD says what GET would have got.
    if isHEAD, count == 0, let said = head.headers["Content-Length"].flatMap({ Int($0) }), said > 0 {
      length = said
    }
    writeHead(head, .length(length))
    return !isHEAD && count > 0
  }

  private func writeHead(_ head: HTTPResponseHead, _ framing: HTTPBodyFraming) {
    if !isPersistent || server.state.sendsClientsAway || saysClose(head) || !canSkipBody {
      closesAfterAnswer = true
    }
    let options = HTTPSerializer.ResponseOptions(
      framing: framing, closes: closesAfterAnswer, saysKeepAlive: isHTTP10 && !closesAfterAnswer)
    let date = server.currentDate()
    channel.write { HTTPSerializer.append(head, options, date: date, to: &$0) }
  }

  private func saysClose(_ head: HTTPResponseHead) -> Bool {
    guard let value = head.headers["Connection"] else { return false }
    return value.utf8.split(separator: UInt8(ascii: ",")).contains { element in
      let word = element.drop { $0 == 32 || $0 == 9 }.prefix { $0 != 32 && $0 != 9 }
      return HTTPHeaders.equal(String(Substring(word)), "close")
    }
  }

  /// A client that still waits for 100 will send its body or not: nobody can tell what its next bytes are.
  private var canSkipBody: Bool {
    if case .complete = request { return true }
    return !owesContinue
  }

  private func beginPiece(_ count: Int) -> StreamedBody? {
    guard case .streaming(let body) = response else { return nil }
    switch body {
    case .none: return nil
    case .untilClose: break
    case .chunked: channel.write { HTTPSerializer.appendChunkStart(count, to: &$0) }
    case .length(let left):
      guard count <= left else {
        channel.close(.failed("the answer was longer than its Content-Length"))
        return nil
      }
      response = .streaming(.length(left: left - count))
    }
    return body
  }

  private func endPiece(_ framing: StreamedBody) {
    if case .chunked = framing { channel.write { HTTPSerializer.append("\r\n", to: &$0) } }
  }

  /// The answer is complete: on to the next request, or to the end.
  private func finishResponse() {
    response = .idle
    receiver = nil
    task = nil
    requestHead = nil
    exchange(&writer, nil)?.resume(returning: false)
    isRequestPaused = false
    if closesAfterAnswer {
      if case .complete = request {
        channel.closeAfterFlush(lingers: false)
      } else {
        channel.closeAfterFlush(lingers: true)
      }
      return
    }
    if case .complete = request {
      nextRequest()
    } else {
      request = .unwantedBody
      collected = []
      bodyBytesLeft = Self.unwantedLimit
      enter(.body)
      continueSoon()
    }
  }

  func nextRequest() {
    request = .head
    enter(.idle)
    if isReadingPaused || !inbound.isEmpty || inputEnded { continueSoon() }
  }

  /// Not at once: the caller may be in the middle of something, and must not be called from within its own
  /// calls.
  func continueSoon() {
    if isConsuming { return }
    server.loop.afterEvents { [weak self] in
      guard let self, self.channel.isOpen else { return }
      self.processInbound()
      self.updateReading()
    }
  }
}
