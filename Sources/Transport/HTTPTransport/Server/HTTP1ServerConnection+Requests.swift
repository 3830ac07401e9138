internal import Basics
internal import HTTPWire

/// From bytes to the handler.
extension HTTP1ServerConnection {
  /// Goes through what was received until it is used up or the handler has the turn.
  /// - Returns: how much was used; the rest must come again.
  func consume(_ bytes: UnsafeRawBufferPointer) -> Int {
    var offset = 0
    while channel.isOpen {
      switch request {
      case .head:
        guard offset < bytes.count else { return ranOut(offset) }
        // A client that does not read its answers gets no further ones, however many requests it has sent.
        guard channel.isWritable else { return waitForRoom(offset) }
        switch parser.parse(UnsafeRawBufferPointer(rebasing: bytes[offset...])) {
        case .incomplete:
          enterHeadPhase()
          return ranOut(offset)
        case .failure(let error): refuse(error)
        case .head(let parsed, let length):
          offset += length
          if sequence == 0, upgrade(parsed, UnsafeRawBufferPointer(rebasing: bytes[offset...])) {
            return bytes.count
          }
          begin(parsed)
        }
      case .body, .unwantedBody:
        if isRequestPaused { return offset }
        switch decoder.next(bytes, &offset) {
        case .data(let range): deliver(UnsafeRawBufferPointer(rebasing: bytes[range]))
        case .needsMore:
          enter(.body)
          return offset
        case .end: bodyEnded()
        case .failure(let error): refuse(error)
        }
      case .complete: return offset
      }
    }
    return bytes.count
  }

  /// The time limit is now that of the channel, for a client that takes no byte.
  private func waitForRoom(_ offset: Int) -> Int {
    waitsForRoom = true
    enter(.none)
    return offset
  }

  /// A client that has said all and got its answers is done.
  private func ranOut(_ offset: Int) -> Int {
    if inputEnded { channel.closeAfterFlush(lingers: false) }
    return offset
  }

  private func begin(_ parsed: HTTPParsedRequest) {
    enter(.none)
    sequence += 1
    isHEAD = parsed.head.method == "HEAD"
    isHTTP10 = parsed.head.version == .http10
    isPersistent = parsed.isPersistent
    owesContinue = parsed.expectsContinue
    closesAfterAnswer = false
    isRequestPaused = false
    bodyBytesLeft = limits.bodyBytes
    bodyBegan = 0
    response = .waiting
    let hasBody: Bool
    switch parsed.framing {
    case .none, .untilClose, .length(0): hasBody = false
    case .length(let length):
      if length > limits.bodyBytes {
        refuse(bodyTooLong)
        return
      }
      hasBody = true
    case .chunked: hasBody = true
    }
    request = hasBody ? .body : .complete
    ownedLength = 0
    if case .length(let length) = parsed.framing, case .buffered = server.state.handler,
      Self.ownedLengths.contains(length)
    {
      ownedLength = length
    } else {
      channel.expectsInPlace = false
    }
    if hasBody { decoder = HTTPBodyDecoder(parsed.framing, limits: limits.wire) }
    if case .streaming(let handler) = server.state.handler {
      beginStreaming(handler, parsed.head, hasBody: hasBody)
    } else if hasBody {
      requestHead = parsed.head
      sendContinueIfOwed()
    } else {
      dispatch(parsed.head, UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  private func beginStreaming(_ handler: any StreamingHTTPHandler, _ head: HTTPRequestHead, hasBody: Bool) {
    let begun = sequence
    let receiver = handler.begin(
      head, exchange: HTTPExchange(loop: server.loop, driver: self, sequence: begun))
    // The handler may have answered at once.
    guard begun == sequence, case .body = request else {
      if begun == sequence, case .complete = request, !isIdle {
        self.receiver = receiver
        if !hasBody { receiver.requestEnd() }
      }
      return
    }
    if isIdle { return }
    self.receiver = receiver
    if !isRequestPaused { sendContinueIfOwed() }
  }

  private var isIdle: Bool {
    if case .idle = response { return true }
    return false
  }

  func sendContinueIfOwed() {
    guard owesContinue else { return }
    owesContinue = false
    channel.write(HTTPSerializer.continueResponse)
  }

  private func deliver(_ piece: UnsafeRawBufferPointer) {
    // The client did not wait for it.
    owesContinue = false
    bodyBytesLeft -= piece.count
    if case .unwantedBody = request {
      if bodyBytesLeft < 0 { channel.closeAfterFlush(lingers: true) }
      return
    }
    guard bodyBytesLeft >= 0 else {
      refuse(bodyTooLong)
      return
    }
    if let receiver {
      enter(.none)
      receiver.requestBody(piece)
    } else if collected.isEmpty && ownedFilled == 0 && decoder.hasEnded {
      // The usual case: the whole body lies in the buffer of the last read.
      request = .complete
      enter(.none)
      if let head = exchange(&requestHead, nil) { dispatch(head, piece) }
    } else if takesOwned {
      appendOwned(piece)
    } else {
      collected.append(contentsOf: piece)
    }
  }

  private func bodyEnded() {
    enter(.none)
    if case .unwantedBody = request {
      nextRequest()
      return
    }
    request = .complete
    if ownedFilled > 0 {
      dispatchOwned()
    } else if let receiver {
      receiver.requestEnd()
    } else if let head = exchange(&requestHead, nil) {
      // Out of the property: the handler may come back here while it sees the bytes.
      let body = exchange(&collected, [])
      if case .async(let handler) = server.state.handler {
        startTask(handler, head, body)
      } else {
        body.withUnsafeBytes { dispatch(head, $0) }
      }
    }
  }

  private func dispatch(_ head: HTTPRequestHead, _ body: UnsafeRawBufferPointer) {
    switch server.state.handler {
    case .buffered(let handler): handOver { handler.handle(head, body: body, exchange: $0) }
    case .async(let handler): startTask(handler, head, Bytes(body))
    case .streaming: break
    }
  }

  /// Gives `body` an exchange, and keeps that for the next request where nobody else does.
  func handOver(_ body: (HTTPExchange) -> Void) {
    var handed: HTTPExchange
    if let spare = exchange(&spareExchange, nil) {
      spare.reuse(sequence)
      handed = spare
    } else {
      handed = HTTPExchange(loop: server.loop, driver: self, sequence: sequence)
    }
    body(handed)
    if channel.isOpen, handed.hasEnded, isKnownUniquelyReferenced(&handed) { spareExchange = handed }
  }

  private var bodyTooLong: HTTPWireError {
    HTTPWireError(413, "the request body is longer than \(limits.bodyBytes) bytes")
  }

  /// Answers an error of the wire, where an answer is still possible, and ends the connection: its bytes have
  /// lost their meaning.
  func refuse(_ error: HTTPWireError) {
    if case .streaming = response {
      channel.close(.failed(error.message))
      return
    }
    if case .unwantedBody = request {
      // Its request has been answered.
      channel.closeAfterFlush(lingers: true)
      return
    }
    endExchangeUnanswered()
    request = .complete
    enter(.none)
    let head = HTTPResponseHead(status: error.status, headers: ["Content-Type": "application/json"])
    let body = Bytes("{\"error\":\"\(error.message)\"}\n".utf8)
    let date = server.currentDate()
    channel.write { bytes in
      HTTPSerializer.append(head, .init(framing: .length(body.count), closes: true), date: date, to: &bytes)
      bytes.append(contentsOf: body)
    }
    channel.closeAfterFlush(lingers: true)
  }
}
