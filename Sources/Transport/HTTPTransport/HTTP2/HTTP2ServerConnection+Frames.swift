internal import Basics
internal import CNghttp2
internal import HTTPWire

/// From frames to streams, and from streams to frames.
extension HTTP2ServerConnection {
  private static let endStream = UInt8(NGHTTP2_FLAG_END_STREAM.rawValue)

  // MARK: frames that come

  /// Charges for frames that carry nothing.
  func frameBegins(_ header: nghttp2_frame_hd) -> Int32 {
    switch UInt32(header.type) {
    case NGHTTP2_DATA.rawValue where header.length > 0 || header.flags & Self.endStream != 0:
      idleFrames.earn(header.length / 1024)
    case NGHTTP2_HEADERS.rawValue: idleFrames.earn(1)
    case NGHTTP2_RST_STREAM.rawValue: break
    default:
      if !idleFrames.take(now: server.loop.clock.now) {
        terminate(NGHTTP2_ENHANCE_YOUR_CALM)
      }
    }
    return 0
  }

  func headersBegin() -> Int32 {
    block.reset()
    isBlockOpen = true
    return 0
  }

  func header(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Int32 {
    block.append(name, value)
    // Far beyond what was announced: a few bytes that unpack to very many.
    guard block.isTooLarge, block.size > limits.wire.headBytes &* 4 else { return 0 }
    terminate(NGHTTP2_ENHANCE_YOUR_CALM)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
  }

  func frameReceived(_ received: UnsafePointer<nghttp2_frame>) -> Int32 {
    let frame = received.pointee
    let isLast = frame.hd.flags & Self.endStream != 0
    switch UInt32(frame.hd.type) {
    case NGHTTP2_HEADERS.rawValue:
      isBlockOpen = false
      headDeadline = .max
      if frame.headers.cat == NGHTTP2_HCAT_REQUEST {
        requestReceived(frame.hd.stream_id, hasEnded: isLast)
      } else if isLast, let stream = stream(frame.hd.stream_id) {
        stream.requestEnded()
      }
    case NGHTTP2_DATA.rawValue where isLast:
      if case .direct(let number) = place(frame.hd.stream_id), server.directCalls[number].isAnswered {
        server.directCalls.endInput(of: number)
      } else if let stream = stream(frame.hd.stream_id) {
        stream.requestEnded()
      }
    case NGHTTP2_PING.rawValue where frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0:
      if isDraining { sendLastGoAway() }
    default: break
    }
    return 0
  }

  private func requestReceived(_ id: Int32, hasEnded: Bool) {
    guard pendingOutput < limits.http2.pendingOutputBytes else {
      // The client may send it again elsewhere: nothing was done for it.
      reset(id, NGHTTP2_REFUSED_STREAM)
      return
    }
    if server.state.sendsClientsAway { announceEnd() }
    let isKnown = !block.isTooLarge && knownRequest != nil && block.hasSameFields(as: knownFields)
    if isKnown, !hasEnded, isKnownDirect, beginDirectly(id, block.timeout) { return }
    let stream = HTTP2Stream(self, id)
    add(stream)
    if block.isTooLarge {
      stream.refuse(HTTPWireError(431, "the request's head is longer than \(limits.wire.headBytes) bytes"))
      return
    }
    if isKnown, let known = knownRequest {
      stream.begin(known, hasEnded: hasEnded, timeout: block.timeout)
      return
    }
    switch block.makeRequest(separatesGRPC: server.state.grpc != nil) {
    case .failure(let error): stream.refuse(error)
    case .success(let request):
      // Those that wait for their message belong to the request before.
      if server.directCalls.isInUse { makeStreams { !$0.isAnswered } }
      knownFields = block.bytes
      knownRequest = request
      isKnownDirect = mayAnswerDirectly(request)
      stream.begin(request, hasEnded: hasEnded, timeout: block.timeout)
    }
  }

  func dataReceived(_ id: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    nghttp2_session_consume_connection(session.pointer, bytes.count)
    switch place(id) {
    case .none: break
    case .stream(let stream): stream.received(bytes)
    case .direct(let number):
      if answerDirectly(number, bytes) { break }
      makeStream(number).received(bytes)
    }
    return 0
  }

  // MARK: frames that go

  func reset(_ id: Int32, _ code: nghttp2_error_code) {
    nghttp2_submit_rst_stream(session.pointer, 0, id, code.rawValue)
    pumpSoon()
  }

  /// What a stream's next DATA frame carries.
  func nextData(_ id: Int32, _ room: Int, _ flags: inout UInt32) -> Int {
    switch place(id) {
    case .none: Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    case .stream(let stream): nextData(stream, room, &flags)
    case .direct(let number): nextData(number, room, &flags)
    }
  }

  private func nextData(_ stream: HTTP2Stream, _ room: Int, _ flags: inout UInt32) -> Int {
    let count = min(room, stream.output.count)
    let isLast = stream.answer == .ended && count == stream.output.count
    if count == 0, !isLast {
      stream.isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
    if isLast {
      flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
      if stream.submitTrailers() { flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue }
    }
    return count
  }

  /// Writes a DATA frame straight from the stream's output to the channel's.
  func sendData(_ id: Int32, _ header: UnsafeRawBufferPointer, _ count: Int) -> Int32 {
    guard hasRoom else { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
    switch place(id) {
    case .none: return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    case .direct(let number): return sendData(number, header, count)
    case .stream(let stream): return sendData(stream, header, count)
    }
  }

  private func sendData(
    _ stream: HTTP2Stream, _ header: UnsafeRawBufferPointer, _ count: Int
  ) -> Int32 {
    put(header)
    var left = count
    while left > 0 {
      let written = stream.output.withFirst { bytes, _ -> Int in
        let piece = UnsafeRawBufferPointer(rebasing: bytes.prefix(left))
        put(piece)
        return piece.count
      }
      guard let written else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
      stream.output.removeFirst(written)
      left -= written
    }
    idleFrames.earn(2 &+ count / 1024)
    stream.outputShrank(by: count)
    return 0
  }

  func frameSent(_ sent: UnsafePointer<nghttp2_frame>) {
    let frame = sent.pointee
    let id = frame.hd.stream_id
    switch UInt32(frame.hd.type) {
    case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
      guard frame.hd.flags & Self.endStream != 0 else { return }
      switch place(id) {
      case .none: return
      case .direct(let number): if server.directCalls[number].inputEnded { return }
      case .stream(let stream): if stream.inputEnded { return }
      }
      // RFC 9113 §8.1: the answer is complete, the rest of the request is not wanted.
      nghttp2_submit_rst_stream(session.pointer, 0, id, NGHTTP2_NO_ERROR.rawValue)
    case NGHTTP2_RST_STREAM.rawValue where frame.rst_stream.error_code != NGHTTP2_NO_ERROR.rawValue:
      // A client that provokes resets gets the same bounds as one that sends them.
      if !ownResets.take(now: server.loop.clock.now) {
        nghttp2_session_terminate_session(session.pointer, NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
      }
    default: break
    }
  }
}
