internal import CNghttp2
internal import HTTPWire

/// Plain gRPC calls, answered within the turn in which they come: no object per call, nothing counted.
extension HTTP2ServerConnection {
  func mayAnswerDirectly(_ request: HTTP2Request) -> Bool {
    guard let path = server.directCallPath, let asked = request.grpc else { return false }
    return request.head.target == path && request.head.method == "POST" && asked.isKnownType
      && asked.acceptsTrailers && asked.encoding == .identity
  }

  /// A head of the known request has come.
  /// - Returns: false where it must become a stream.
  func beginDirectly(_ id: Int32, _ timeout: HTTP2HeaderBlock.Timeout) -> Bool {
    switch timeout {
    // A call whose time is over before it begins gets the status for that.
    case .malformed, .nanoseconds(0): return false
    case .none, .nanoseconds: break
    }
    guard let number = server.directCalls.add(id, timeout) else { return false }
    nghttp2_session_set_stream_user_data(session.pointer, id, HTTP2DirectCalls.pointer(number))
    return true
  }

  /// - Returns: false where the bytes are not one whole plain message, or the handler leaves it.
  func answerDirectly(_ number: HTTP2DirectCalls.Number, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let calls = server.directCalls
    let prefix = GRPCMessageReader.prefixBytes
    guard !calls[number].isAnswered, bytes.count >= prefix, bytes[0] == 0,
      let handler = server.directCallHandler
    else { return false }
    let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
    guard length == bytes.count &- prefix, length <= calls.messageBytes else { return false }
    let room = calls.room
    let answered = handler.answerDirectly(
      UnsafeRawBufferPointer(rebasing: bytes[prefix...]), loop: server.loop.index,
      into: UnsafeMutableRawBufferPointer(rebasing: room[prefix...]))
    guard let answered, answered <= room.count &- prefix else { return false }
    room[0] = 0
    room.storeBytes(of: UInt32(clamping: answered).bigEndian, toByteOffset: 1, as: UInt32.self)
    calls.keep(answered &+ prefix, for: number, received: bytes.count)
    let id = calls[number].id
    let fields = HTTP2StaticFields.grpcHead
    var provider = HTTP2Callbacks.provider()
    if nghttp2_submit_response(session.pointer, id, fields.pairs, fields.count, &provider) != 0 {
      reset(id, NGHTTP2_INTERNAL_ERROR)
    }
    return true
  }

  func nextData(_ number: HTTP2DirectCalls.Number, _ room: Int, _ flags: inout UInt32) -> Int {
    let left = server.directCalls.rest(of: number).count
    flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
    guard left <= room else { return room }
    flags |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
    let fields = HTTP2StaticFields.grpcOK
    nghttp2_submit_trailer(session.pointer, server.directCalls[number].id, fields.pairs, fields.count)
    return left
  }

  func sendData(
    _ number: HTTP2DirectCalls.Number, _ header: UnsafeRawBufferPointer, _ count: Int
  ) -> Int32 {
    let rest = server.directCalls.rest(of: number)
    guard count <= rest.count else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
    put(header)
    put(UnsafeRawBufferPointer(rebasing: rest[..<count]))
    server.directCalls.advance(number, by: count)
    idleFrames.earn(2 &+ count / 1024)
    return 0
  }

  // MARK: those that take longer

  /// Makes a call an ordinary one, with what was done for it so far.
  @discardableResult
  func makeStream(_ number: HTTP2DirectCalls.Number) -> HTTP2Stream {
    let call = server.directCalls[number]
    let stream = HTTP2Stream(self, call.id)
    add(stream)
    if call.isAnswered {
      stream.takeOver(
        server.directCalls.rest(of: number), received: call.received, inputEnded: call.inputEnded)
    } else if let request = knownRequest {
      stream.begin(request, hasEnded: false, timeout: call.timeout)
    }
    server.directCalls.remove(number)
    return stream
  }

  func makeStreams(where condition: (HTTP2DirectCalls.Call) -> Bool) {
    server.directCalls.forEach(where: condition) { makeStream($0) }
  }

  /// The turn is over.
  func endDirectCalls() {
    if !isClosed {
      makeStreams { _ in true }
      waitIfIdle()
    }
    server.directCalls.removeAll()
  }
}

extension HTTP2Stream {
  /// Goes on with a call that is answered: the rest of its answer waits for the client.
  fileprivate func takeOver(_ rest: UnsafeRawBufferPointer, received: Int, inputEnded: Bool) {
    isCall = true
    answer = .ended
    self.inputEnded = inputEnded
    reportedEnd = inputEnded
    withheld = received
    if !rest.isEmpty {
      output.append(rest)
      outputGrew(by: rest.count)
    }
    openWindow()
  }
}
