internal import Basics
internal import CNghttp2
internal import HTTPWire

/// HTTP/2 on one accepted connection: many streams, one output. nghttp2 frames, compresses and keeps the
/// windows; this class gives it bytes, takes its output, and bounds what a client may cause.
/// `@unchecked Sendable`: touched only on the loop's thread.
final class HTTP2ServerConnection: ServerConnection, @unchecked Sendable {
  let server: ServerLoop
  let channel: Channel
  let session: HTTP2Session
  let limits: HTTPServerLimits

  /// The header block that is being received.
  let block: HTTP2HeaderBlock
  var isBlockOpen = false
  /// The last request's fields, which most clients send again.
  var knownFields: Bytes = []
  var knownRequest: HTTP2Request?
  /// Calls of that request may be answered where their message lies.
  var isKnownDirect = false
  /// Header fields on their way out.
  var fields = HTTP2Fields()

  /// Open streams, in no order.
  private(set) var streams: [HTTP2Stream] = []
  /// Streams whose output has fallen below their mark during the present pump.
  var writable: [HTTP2Stream] = []
  /// Request bodies that are being collected.
  var uploadBytes = 0
  /// Answers that wait in streams.
  var pendingOutput = 0

  var idleFrames: FrameBudget
  var ownResets: FrameBudget

  private(set) var isClosed = false
  private var inputEnded = false
  private var isReceiving = false
  private var isPumping = false
  private var isPumpQueued = false
  /// Bytes in the loop's `frames` during a pump.
  private var framesCount = 0

  var isDraining = false
  var hasAnnouncedEnd = false
  var hasSentLastGoAway = false
  /// Moments on the loop's clock.
  var idleDeadline: UInt64 = .max
  var headDeadline: UInt64 = .max
  var drainDeadline: UInt64 = .max
  var timer: LoopTimer?

  /// Nil where there is no memory for it.
  init?(_ server: ServerLoop, _ channel: Channel) {
    guard let session = HTTP2Session(server.state.http2) else { return nil }
    self.server = server
    self.channel = channel
    self.session = session
    limits = server.state.limits
    block = HTTP2HeaderBlock(limits: limits.wire)
    idleFrames = FrameBudget(burst: limits.http2.idleFrameBurst, perSecond: limits.http2.idleFramesPerSecond)
    ownResets = FrameBudget(burst: limits.http2.resetBurst, perSecond: limits.http2.resetsPerSecond)
    nghttp2_session_set_user_data(self.session.pointer, Unmanaged.passUnretained(self).toOpaque())
  }

  var remoteAddress: String { channel.remoteAddress }

  // MARK: beginnings

  private func submitSettings() {
    func entry(_ identifier: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
      nghttp2_settings_entry(settings_id: Int32(identifier.rawValue), value: UInt32(clamping: value))
    }
    let window = min(limits.http2.streamWindowBytes, Int(Int32.max))
    let entries = [
      entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.http2.concurrentStreams),
      entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window),
      entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.wire.headBytes),
      entry(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
    ]
    nghttp2_submit_settings(session.pointer, 0, entries, entries.count)
    let whole = Int32(clamping: max(65_535, limits.http2.connectionWindowBytes))
    nghttp2_session_set_local_window_size(session.pointer, 0, 0, whole)
    idleDeadline = server.loop.deadline(after: limits.firstByteTimeout)
    watch(idleDeadline)
  }

  /// The first request came by HTTP/1.1. `startUpgraded` must follow.
  /// - Returns: false where the settings are malformed.
  func upgrade(settings: Bytes) -> Bool {
    nghttp2_session_upgrade2(session.pointer, settings, settings.count, 0, nil) == 0
  }

  func startUpgraded(_ head: HTTPRequestHead, _ rest: UnsafeRawBufferPointer) {
    submitSettings()
    let stream = HTTP2Stream(self, 1)
    add(stream)
    stream.begin(HTTP2Request(head: head), hasEnded: true, timeout: .none)
    if !rest.isEmpty, !isClosed { channel(channel, received: rest) }
    pumpSoon()
  }

  // MARK: streams

  func add(_ stream: HTTP2Stream) {
    stream.position = streams.count
    streams.append(stream)
    idleDeadline = .max
    nghttp2_session_set_stream_user_data(
      session.pointer, stream.id, Unmanaged.passUnretained(stream).toOpaque())
  }

  /// What nghttp2 keeps for a stream: the object, or a direct call's number.
  enum StreamPlace {
    case none
    case stream(HTTP2Stream)
    case direct(HTTP2DirectCalls.Number)
  }

  func place(_ id: Int32) -> StreamPlace {
    guard let pointer = nghttp2_session_get_stream_user_data(session.pointer, id) else { return .none }
    if let number = HTTP2DirectCalls.number(of: pointer) { return .direct(number) }
    return .stream(Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue())
  }

  /// The open stream of that number; a direct call becomes one.
  func stream(_ id: Int32) -> HTTP2Stream? {
    switch place(id) {
    case .none: nil
    case .stream(let stream): stream
    case .direct(let number): makeStream(number)
    }
  }

  func streamClosed(_ id: Int32, _ code: UInt32) {
    switch place(id) {
    case .none: break
    case .direct(let number): server.directCalls.remove(number)
    case .stream(let stream):
      nghttp2_session_set_stream_user_data(session.pointer, id, nil)
      remove(stream)
      stream.close()
    }
  }

  private func remove(_ stream: HTTP2Stream) {
    guard stream.position < streams.count, streams[stream.position] === stream else { return }
    let last = streams.removeLast()
    if last !== stream {
      last.position = stream.position
      streams[stream.position] = last
    }
    waitIfIdle()
  }

  /// Without open streams the connection has its time until the next one.
  func waitIfIdle() {
    guard streams.isEmpty else { return }
    idleDeadline = server.loop.deadline(after: limits.idleTimeout)
    watch(idleDeadline)
  }

  // MARK: the output

  /// Sends at the end of the turn what streams have got ready, all in one.
  func pumpSoon() {
    guard !isReceiving, !isPumping, !isPumpQueued else { return }
    isPumpQueued = true
    server.loop.afterEvents {
      self.isPumpQueued = false
      self.pump()
    }
  }

  /// Moves nghttp2's output to the channel, as long as there is room.
  private func pump() {
    guard !isClosed, !isPumping else { return }
    isPumping = true
    repeat {
      while !isClosed, hasRoom {
        var bytes: UnsafePointer<UInt8>?
        let count = nghttp2_session_mem_send(session.pointer, &bytes)
        if count == 0 { break }
        guard count > 0, let bytes else {
          channel.close(.failed("HTTP/2 could not be written"))
          break
        }
        put(UnsafeRawBufferPointer(start: bytes, count: count))
      }
      passFrames()
      // Their handlers may send on.
      let notified = writable
      writable.removeAll(keepingCapacity: true)
      for stream in notified { stream.hasRoom() }
    } while !writable.isEmpty
    isPumping = false
    endIfDone()
  }

  /// Whether the channel takes more.
  var hasRoom: Bool { channel.isWritable && framesCount < limits.outboundHighWater }

  /// Small pieces are gathered before they go to the channel.
  func put(_ bytes: UnsafeRawBufferPointer) {
    let frames = server.frames
    if bytes.count > frames.count &- framesCount {
      passFrames()
      if bytes.count > frames.count / 4 {
        channel.write(bytes)
        return
      }
    }
    guard let start = bytes.baseAddress, let target = frames.baseAddress else { return }
    (target + framesCount).copyMemory(from: start, byteCount: bytes.count)
    framesCount &+= bytes.count
  }

  private func passFrames() {
    if framesCount > 0 { channel.write(UnsafeRawBufferPointer(rebasing: server.frames[..<framesCount])) }
    framesCount = 0
  }

  private func endIfDone() {
    guard !isClosed, nghttp2_session_want_write(session.pointer) == 0 else { return }
    if inputEnded, streams.isEmpty {
      channel.closeAfterFlush(lingers: false)
    } else if inputEnded, channel.isWritable {
      // No window will come any more for what still waits.
      for stream in Array(streams) where !stream.output.isEmpty { stream.reset(NGHTTP2_CANCEL) }
    } else if nghttp2_session_want_read(session.pointer) == 0 {
      channel.closeAfterFlush(lingers: true)
    }
  }

  /// Ends everything with a GOAWAY.
  func terminate(_ code: nghttp2_error_code) {
    nghttp2_session_terminate_session(session.pointer, code.rawValue)
    pumpSoon()
  }

  func closeNow() { channel.close(.finished) }
}

extension HTTP2ServerConnection: ChannelDelegate {
  func channelReady(_ channel: Channel) {
    submitSettings()
    pumpSoon()
  }

  func channel(_ channel: Channel, received bytes: UnsafeRawBufferPointer) {
    guard !isClosed, !isReceiving else { return }
    isReceiving = true
    let used = nghttp2_session_mem_recv(
      session.pointer, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    isReceiving = false
    guard !isClosed else {
      server.directCalls.removeAll()
      return
    }
    // What has not come whole by now is an ordinary call's; so is what cannot be sent at once.
    if server.directCalls.isInUse { makeStreams { !$0.isAnswered } }
    defer { if server.directCalls.wasUsed { endDirectCalls() } }
    if used < 0 {
      let code =
        used == Int(NGHTTP2_ERR_FLOODED.rawValue) ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR
      nghttp2_session_terminate_session(session.pointer, code.rawValue)
      pump()
      channel.closeAfterFlush(lingers: true)
      return
    }
    if isBlockOpen, headDeadline == .max {
      headDeadline = server.loop.deadline(after: limits.headTimeout)
      watch(headDeadline)
    }
    pump()
  }

  func channelPeerClosing(_ channel: Channel) {}

  /// Whole answers are still sent, since the client may only have said all; calls and streamed answers end.
  func channelInputEnded(_ channel: Channel, isClean: Bool) {
    inputEnded = true
    for stream in streams { stream.clientLeft() }
    pump()
  }

  func channelWritable(_ channel: Channel) { pump() }

  func channelClosed(_ channel: Channel, _ reason: ChannelCloseReason) {
    isClosed = true
    timer?.cancel()
    timer = nil
    let open = exchange(&streams, [])
    writable = []
    for stream in open { stream.close() }
    server.remove(self)
  }
}
