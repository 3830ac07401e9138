internal import Basics
internal import CNghttp2
internal import HTTPWire

/// From the client to the handler.
extension HTTP2Stream {
  func begin(_ request: HTTP2Request, hasEnded: Bool, timeout: HTTP2HeaderBlock.Timeout) {
    inputEnded = hasEnded
    if let asked = request.grpc, let handler = server.state.grpc {
      beginCall(request.head, asked, timeout, handler)
      return
    }
    isHEAD = request.head.method == "HEAD"
    bodyBytesLeft = limits.bodyBytes
    if let length = request.contentLength, length > limits.bodyBytes {
      refuse(bodyTooLong)
      return
    }
    if !hasEnded, request.expectsContinue {
      let fields = HTTP2StaticFields.continueHead
      nghttp2_submit_headers(session, 0, id, nil, fields.pairs, fields.count, nil)
    }
    switch server.state.handler {
    case .streaming(let handler):
      let receiver = handler.begin(request.head, exchange: makeExchange())
      // The handler may have answered at once.
      guard !isClosed, answer != .ended else { return }
      face = .streaming(receiver)
    case .buffered, .async: face = .buffered(request.head)
    }
    if hasEnded { reportEnd() } else { waitForBody() }
  }

  private func makeExchange() -> HTTPExchange {
    HTTPExchange(loop: server.loop, driver: self, sequence: Int(id))
  }

  private var bodyTooLong: HTTPWireError {
    HTTPWireError(413, "the request body is longer than \(limits.bodyBytes) bytes")
  }

  // MARK: the body

  func received(_ bytes: UnsafeRawBufferPointer) {
    withheld += bytes.count
    if isPaused || isHeldByOutput || isDelivering || !inbound.isEmpty {
      inbound.append(contentsOf: bytes)
      return
    }
    isDelivering = true
    let used = use(bytes)
    isDelivering = false
    guard !isClosed else { return }
    if used < bytes.count { inbound = Bytes(UnsafeRawBufferPointer(rebasing: bytes[used...])) }
    openWindow()
    if bodyDeadline != .max || !inputEnded { waitForBody() }
  }

  func requestEnded() {
    inputEnded = true
    bodyDeadline = .max
    if inbound.isEmpty, !isDelivering { reportEnd() }
  }

  /// Goes on with what was kept, at the end of the turn: the caller may be in the middle of something.
  func deliverSoon() {
    server.loop.afterEvents { self.deliverInbound() }
  }

  private func deliverInbound() {
    guard !isClosed, !isPaused, !isHeldByOutput, !isDelivering else { return }
    if !inbound.isEmpty {
      let kept = exchange(&inbound, [])
      isDelivering = true
      let used = kept.withUnsafeBytes { use($0) }
      isDelivering = false
      guard !isClosed else { return }
      if used < kept.count { inbound = Bytes(kept[used...]) + inbound }
    }
    openWindow()
    if inputEnded {
      if inbound.isEmpty { reportEnd() }
    } else if !isPaused, !isHeldByOutput {
      waitForBody()
    }
  }

  /// - Returns: how much was used.
  private func use(_ bytes: UnsafeRawBufferPointer) -> Int {
    switch face {
    case .none: break
    case .grpc: return useMessages(bytes)
    case .streaming(let receiver):
      bodyBytesLeft -= bytes.count
      if bodyBytesLeft < 0 { refuse(bodyTooLong) } else { receiver.requestBody(bytes) }
    case .buffered:
      bodyBytesLeft -= bytes.count
      if bodyBytesLeft < 0 {
        refuse(bodyTooLong)
      } else {
        collected.append(contentsOf: bytes)
        noteUpload()
      }
    }
    return bytes.count
  }

  private func reportEnd() {
    guard !reportedEnd, !isClosed else { return }
    reportedEnd = true
    bodyDeadline = .max
    switch face {
    case .none: break
    case .streaming(let receiver): receiver.requestEnd()
    case .grpc(let receiver): callEnded(receiver)
    case .buffered(let head):
      face = .none
      let body = exchange(&collected, [])
      forgetUpload()
      switch server.state.handler {
      case .buffered(let handler):
        body.withUnsafeBytes { handler.handle(head, body: $0, exchange: makeExchange()) }
      case .async(let handler):
        let request = AsyncHTTPRequest(head: head, body: body, remoteAddress: remoteAddress)
        task = AsyncExchange.start(handler, request, makeExchange(), server.state)
      case .streaming: break
      }
    }
  }

  // MARK: windows and time

  /// Gives the client the window of what was worked on back.
  func openWindow() {
    guard !isClosed, withheld > 0, !isPaused, !isHeldByOutput, inbound.isEmpty else { return }
    guard connection.mayUpload(self) else {
      // Waiting for others is not the client's fault.
      bodyDeadline = .max
      return
    }
    nghttp2_session_consume_stream(session, id, withheld)
    withheld = 0
    if !inputEnded, bodyDeadline == .max { waitForBody() }
    connection.pumpSoon()
  }

  /// The body's next piece has its time. Each byte of a body that is collected here buys some time, not the
  /// whole limit again. A gRPC client may think between messages, not within one.
  func waitForBody() {
    guard !inputEnded, !isClosed else { return }
    if isPaused || isHeldByOutput || withheld > 0 {
      bodyDeadline = .max
      return
    }
    if isCall, !call.reader.isWithinMessage {
      bodyDeadline = .max
      bodyBegan = 0
      return
    }
    let limit =
      connection.isDraining ? min(limits.bodyTimeout, limits.drainingRequestTimeout) : limits.bodyTimeout
    bodyDeadline = server.loop.deadline(after: limit)
    if case .streaming = face {
    } else {
      if bodyBegan == 0 { bodyBegan = server.loop.deadline(after: .zero) }
      let earned = UInt64(clamping: uploadCount / max(1, limits.bodyBytesPerSecond)) &* 1_000_000_000
      let base = bodyBegan &+ (bodyDeadline &- server.loop.clock.now)
      bodyDeadline = min(bodyDeadline, base &+ earned)
    }
    connection.watch(bodyDeadline)
  }

  func noteUpload() {
    let count = collected.count + call.reader.pendingCount
    connection.uploadBytes += count - uploadCount
    uploadCount = count
  }

  func forgetUpload() {
    collected = []
    guard uploadCount > 0 else { return }
    let wasFull = connection.uploadBytes > limits.http2.uploadBytes
    connection.uploadBytes -= uploadCount
    uploadCount = 0
    if wasFull { connection.uploadsShrank() }
  }
}
