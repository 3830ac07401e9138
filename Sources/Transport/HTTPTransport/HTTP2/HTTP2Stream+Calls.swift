internal import Basics
internal import CNghttp2
internal import HTTPWire

/// gRPC on a stream.
extension HTTP2Stream {
  /// What a stream holds for its call.
  struct Call {
    var reader: GRPCMessageReader
    /// Messages may come compressed.
    var requestIsGzip = false
    /// Answers may be compressed: the client does it too.
    var answersGzip = false
    var status = GRPCStatus.ok
    var trailers = HTTPHeaders()
  }

  private var grpcLimits: GRPCLimits { server.state.grpcLimits }

  func beginCall(
    _ head: HTTPRequestHead, _ asked: HTTP2Request.GRPC, _ timeout: HTTP2HeaderBlock.Timeout,
    _ handler: any GRPCHandler
  ) {
    guard asked.isKnownType else {
      refuse(HTTPWireError(415, "the content type is none of gRPC's"))
      return
    }
    guard head.method == "POST" else {
      refuse(HTTPWireError(405, "gRPC calls are POST requests"))
      return
    }
    let isGzip = asked.encoding == .gzip
    isCall = true
    call = Call(
      reader: GRPCMessageReader(maximumBytes: grpcLimits.receiveMessageBytes), requestIsGzip: isGzip,
      answersGzip: isGzip && asked.acceptsGzip)
    if let problem = problem(asked, timeout) {
      finish(problem, [:])
      return
    }
    var deadline: Duration?
    if case .nanoseconds(let timeout) = timeout {
      let (moment, overflows) = server.loop.clock.now.addingReportingOverflow(timeout)
      callDeadline = overflows ? .max &- 1 : moment
      deadline = .nanoseconds(Int64(clamping: callDeadline))
      connection.watch(callDeadline)
    }
    let handed = GRPCCall(
      path: head.target, metadata: head.headers, deadline: deadline, loop: server.loop, driver: self)
    guard let receiver = handler.begin(handed) else {
      handed.finish(GRPCStatus(.unimplemented, "Method not found!"))
      return
    }
    // The handler may have answered at once.
    guard !isClosed, answer != .ended else { return }
    face = .grpc(receiver)
    if inputEnded, inbound.isEmpty {
      reportedEnd = true
      callEnded(receiver)
    }
  }

  private func problem(_ asked: HTTP2Request.GRPC, _ timeout: HTTP2HeaderBlock.Timeout) -> GRPCStatus? {
    if !asked.acceptsTrailers {
      return GRPCStatus(.internal, "the request has no \"te: trailers\": its client cannot get a status")
    }
    if case .unknown(let name) = asked.encoding {
      call.trailers = ["grpc-accept-encoding": "identity,gzip"]
      return GRPCStatus(
        .unimplemented, "the encoding \"\(name)\" is not supported; supported are identity and gzip")
    }
    if case .malformed = timeout {
      return GRPCStatus(.internal, "grpc-timeout is malformed")
    }
    return nil
  }

  // MARK: messages that come

  /// - Returns: how much was used.
  func useMessages(_ bytes: UnsafeRawBufferPointer) -> Int {
    var offset = 0
    while !isClosed, !isHeldByOutput, case .grpc(let receiver) = face {
      switch call.reader.next(bytes, &offset) {
      case .inPlace(let range, let isCompressed):
        deliver(UnsafeRawBufferPointer(rebasing: bytes[range]), isCompressed, receiver)
      case .collected(let message, let isCompressed):
        noteUpload()
        message.withUnsafeBytes { deliver($0, isCompressed, receiver) }
      case .needsMore:
        if call.reader.isWithinMessage || uploadCount > 0 { noteUpload() }
        return offset
      case .tooLong(let count): fail(tooLong(count))
      case .malformed: fail(GRPCStatus(.internal, "a message's compression flag is neither 0 nor 1"))
      }
    }
    // What has no reader any more is done with.
    return isHeldByOutput ? offset : bytes.count
  }

  private func deliver(
    _ message: UnsafeRawBufferPointer, _ isCompressed: Bool, _ receiver: any GRPCReceiver
  ) {
    guard isCompressed else {
      receiver.received(message)
      return
    }
    guard call.requestIsGzip else {
      fail(GRPCStatus(.internal, "a message is compressed, but the call has no grpc-encoding"))
      return
    }
    let limit = grpcLimits.receiveMessageBytes
    do {
      let inflated = try server.compression.inflate(message, limit: limit)
      inflated.withUnsafeBytes { receiver.received($0) }
    } catch {
      switch error {
      case .tooLong:
        fail(
          GRPCStatus(
            .resourceExhausted,
            "Received message decompresses to more than max (\(limit) bytes); "
              + "--grpc_max_receive_message_length sets it"))
      case .malformed: fail(GRPCStatus(.internal, "a message is no valid gzip stream"))
      }
    }
  }

  private func tooLong(_ count: Int) -> GRPCStatus {
    GRPCStatus(
      .resourceExhausted,
      "Received message larger than max (\(count) vs. \(grpcLimits.receiveMessageBytes)); "
        + "--grpc_max_receive_message_length sets it")
  }

  func callEnded(_ receiver: any GRPCReceiver) {
    if call.reader.isWithinMessage {
      fail(GRPCStatus(.internal, "the request ends within a message"))
    } else {
      receiver.ended()
    }
  }

  // MARK: ends from this side

  /// The transport itself ends the call.
  func fail(_ status: GRPCStatus) {
    guard !isClosed, isCall, answer != .ended else { return }
    // Whoever is told about it must not answer by itself.
    let state = answer
    answer = .ended
    cancel()
    answer = state
    finish(status, [:])
  }

  /// The server drains and has waited long enough for calls that would go on and on.
  func endCall() {
    guard isCall, answer == .begun else { return }
    fail(GRPCStatus(.unavailable, "the server is shutting down"))
  }

  /// Called while the last DATA is under way.
  /// - Returns: whether trailers follow, which end the stream instead.
  func submitTrailers() -> Bool {
    guard isCall else { return false }
    if call.status.code == .ok, call.status.message.isEmpty, call.trailers.fields.isEmpty {
      let fields = HTTP2StaticFields.grpcOK
      nghttp2_submit_trailer(session, id, fields.pairs, fields.count)
      return true
    }
    connection.fields.removeAll()
    appendStatus()
    _ = connection.fields.withPairs { nghttp2_submit_trailer(session, id, $0, $1) }
    return true
  }

  private func appendStatus() {
    connection.fields.append("grpc-status") {
      HTTPSerializer.append(decimal: call.status.code.rawValue, to: &$0)
    }
    if !call.status.message.isEmpty {
      // Beyond that, clients refuse the whole trailers.
      let message = String(call.status.message.prefix(4096))
      connection.fields.append("grpc-message") { GRPCFields.appendMessage(message, to: &$0) }
    }
    for field in call.trailers.fields { connection.fields.append(field) }
  }

  /// Head and trailers in one, for calls without a message.
  private func submitTrailersOnly() {
    connection.fields.removeAll()
    connection.fields.append(":status", "200")
    connection.fields.append("content-type", "application/grpc")
    appendStatus()
    let result = connection.fields.withPairs { nghttp2_submit_response(session, id, $0, $1, nil) }
    if result != 0 { reset(NGHTTP2_INTERNAL_ERROR) }
    connection.pumpSoon()
  }
}

extension HTTP2Stream: GRPCDriver {
  func send(_ message: Bytes) {
    guard takesMessage(message.count) else { return }
    if compresses(message.count) {
      message.withUnsafeBytes { appendCompressed($0) }
      return
    }
    output.append { GRPCFields.appendPrefix(message.count, isCompressed: false, to: &$0) }
    output.append(message)
    messageAppended(message.count)
  }

  func send(_ message: UnsafeRawBufferPointer) {
    guard takesMessage(message.count) else { return }
    if compresses(message.count) {
      appendCompressed(message)
      return
    }
    output.append { bytes in
      if bytes.isEmpty { bytes.reserveCapacity(message.count &+ GRPCMessageReader.prefixBytes) }
      GRPCFields.appendPrefix(message.count, isCompressed: false, to: &bytes)
      bytes.append(contentsOf: message)
    }
    messageAppended(message.count)
  }

  func finish(_ status: GRPCStatus, _ metadata: HTTPHeaders) {
    guard !isClosed, answer != .ended, isCall else { return }
    call.status = status
    for field in metadata.fields { call.trailers.append(field.name, field.value) }
    callDeadline = .max
    bodyDeadline = .max
    let hasHead = answer == .begun
    answer = .ended
    face = .none
    inbound = []
    isHeldByOutput = false
    forgetUpload()
    if hasHead { outputChanged() } else { submitTrailersOnly() }
  }

  // MARK: parts

  private func takesMessage(_ count: Int) -> Bool {
    guard !isClosed, answer != .ended, isCall else { return false }
    let limit = grpcLimits.sendMessageBytes
    guard count <= limit else {
      fail(
        GRPCStatus(
          .resourceExhausted,
          "Sent message larger than max (\(count) vs. \(limit)); "
            + "--grpc_max_send_message_length sets it"))
      return false
    }
    return true
  }

  private func compresses(_ count: Int) -> Bool {
    call.answersGzip && count >= grpcLimits.compressedMessageBytes
  }

  private func appendCompressed(_ message: UnsafeRawBufferPointer) {
    guard let compressed = server.compression.deflate(message) else {
      fail(GRPCStatus(.internal, "no memory to compress the answer"))
      return
    }
    output.append { GRPCFields.appendPrefix(compressed.count, isCompressed: true, to: &$0) }
    output.append(compressed)
    messageAppended(compressed.count)
  }

  private func messageAppended(_ count: Int) {
    if answer == .waiting {
      answer = .begun
      let fields = call.answersGzip ? HTTP2StaticFields.grpcGzipHead : HTTP2StaticFields.grpcHead
      var provider = HTTP2Callbacks.provider()
      if nghttp2_submit_response(session, id, fields.pairs, fields.count, &provider) != 0 {
        reset(NGHTTP2_INTERNAL_ERROR)
        return
      }
    }
    outputGrew(by: count &+ GRPCMessageReader.prefixBytes)
    // A client that does not read its answers gets no further ones, however many messages it has sent.
    if isAboveMark { isHeldByOutput = true }
  }
}
