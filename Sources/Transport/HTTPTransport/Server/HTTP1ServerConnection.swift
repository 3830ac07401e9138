internal import Basics
internal import HTTPWire
internal import Linux
internal import Synchronization

/// HTTP/1.1 on one accepted connection: one request at a time, so that pipelined answers keep their order.
/// `@unchecked Sendable`: the state is touched only on the loop's thread, but for `cancelledThrough`, which
/// is atomic.
final class HTTP1ServerConnection: ServerConnection, @unchecked Sendable {
  /// Where the request is.
  enum RequestState {
    /// Between requests, or within a head.
    case head
    case body
    /// The rest of a body that nobody wants.
    case unwantedBody
    /// All of it has come; what follows belongs to the next.
    case complete
  }

  /// Where the answer is.
  enum ResponseState {
    case idle
    case waiting
    case streaming(StreamedBody)
  }

  /// How a streamed answer's body is framed.
  enum StreamedBody {
    case length(left: Int)
    case chunked
    case untilClose
    /// HEAD, 204, 304: bytes are taken and thrown away.
    case none
  }

  enum Phase {
    case firstByte, idle, head, body
    /// The handler's turn: its own business how long it takes.
    case none
  }

  /// Pipelined bytes beyond this wait in the socket.
  static let backlogLimit = 64 * 1024
  /// An unwanted body up to this is read and dropped, to keep the connection.
  static let unwantedLimit = 64 * 1024

  let server: ServerLoop
  let channel: Channel
  var limits: HTTPServerLimits { server.state.limits }

  var parser: HTTPRequestParser
  var decoder = HTTPBodyDecoder(.none)
  /// Received and not yet used; while requests are worked on it is out of here.
  var inbound: Bytes = []
  var isConsuming = false
  var isReadingPaused = false
  var inputEnded = false
  /// The next requests wait until the client has read more of its answers.
  var waitsForRoom = false

  var request = RequestState.head
  var response = ResponseState.idle
  /// The number of the present request; calls for another are late and ignored.
  var sequence = 0
  var requestHead: HTTPRequestHead?
  var isHEAD = false
  var isHTTP10 = false
  var isPersistent = true
  var owesContinue = false
  var isRequestPaused = false
  /// The connection ends after the present answer.
  var closesAfterAnswer = false
  var bodyBytesLeft = 0
  /// When the present body was first waited for, on the loop's clock; 0 before.
  var bodyBegan: UInt64 = 0
  var collected: Bytes = []
  /// The whole body's memory, where it is long and its length is known; the body begins at `ownedStart`, and
  /// `ownedFilled` of it have come.
  var ownedBody: Bytes = []
  var ownedStart = 0
  var ownedFilled = 0
  /// How long the present body will be, where it gets memory of its own; else 0.
  var ownedLength = 0

  var receiver: (any HTTPRequestReceiver)?
  var task: Task<Void, Never>?
  var writer: CheckedContinuation<Bool, Never>?
  /// Let go by its handler and ready to be used again.
  var spareExchange: HTTPExchange?

  /// Requests up to this number are cancelled; read from any thread.
  let cancelledThrough = Atomic<Int>(0)

  private var phase = Phase.firstByte
  private var phaseDeadline: UInt64 = 0
  private var timer: LoopTimer?

  init(_ server: ServerLoop, _ channel: Channel) {
    self.server = server
    self.channel = channel
    parser = HTTPRequestParser(limits: server.state.limits.wire)
    enter(.firstByte)
  }

  var remoteAddress: String { channel.remoteAddress }

  func startDraining() {
    if case .async = server.state.handler, case .streaming = response { task?.cancel() }
    if case .idle = response, inbound.isEmpty, !isConsuming, !waitsForRoom {
      channel.closeAfterFlush(lingers: false)
    } else {
      // What is missing of a request has less time now.
      enter(phase)
    }
  }

  func closeNow() { channel.close(.finished) }

  // MARK: time

  func enter(_ phase: Phase) {
    self.phase = phase
    let limit: Duration
    switch phase {
    case .none: return
    case .firstByte: limit = limits.firstByteTimeout
    case .idle: limit = limits.idleTimeout
    case .head: limit = limits.headTimeout
    case .body: limit = limits.bodyTimeout
    }
    let isDraining = server.state.isDraining
    phaseDeadline = server.loop.deadline(
      after: isDraining ? min(limit, limits.drainingRequestTimeout) : limit)
    if phase == .body, case .body = request, receiver == nil { limitBodyTime() }
    if let timer {
      timer.move(to: phaseDeadline)
    } else {
      // Not weakly: that would make every count of this object's references a slow one. `stopTimer` ends the
      // cycle when the channel is closed, which the loop's end sees to as well.
      timer = server.loop.timer(at: phaseDeadline) { self.timedOut() }
    }
  }

  /// Each byte of a body that is collected here buys some time, not the whole limit again.
  private func limitBodyTime() {
    if bodyBegan == 0 { bodyBegan = server.loop.deadline(after: .zero) }
    let earned =
      Duration.seconds((collected.count + ownedFilled) / max(1, limits.bodyBytesPerSecond))
      + limits.bodyTimeout
    let (seconds, attoseconds) = earned.components
    let nanoseconds = UInt64(clamping: seconds) &* 1_000_000_000
    phaseDeadline = min(
      phaseDeadline, bodyBegan &+ nanoseconds &+ UInt64(clamping: attoseconds / 1_000_000_000))
  }

  /// As `enter(.idle)`, for the answer to a direct request: the timer is there already.
  func enterIdlePhase() {
    phase = .idle
    phaseDeadline = server.loop.clock.now &+ server.idleNanoseconds
    timer?.move(to: phaseDeadline)
  }

  /// The head's time runs from its first byte and is not extended by others.
  func enterHeadPhase() {
    if phase != .head { enter(.head) }
  }

  private func timedOut() {
    switch phase {
    case .none: break
    case .firstByte, .idle: channel.closeAfterFlush(lingers: false)
    case .head: refuse(HTTPWireError(408, "the request head took too long"))
    case .body: refuse(HTTPWireError(408, "the request body took too long"))
    }
  }

  func stopTimer() {
    phase = .none
    timer?.cancel()
    timer = nil
  }
}

extension HTTP1ServerConnection: ChannelDelegate {
  func channelReady(_ channel: Channel) {}

  func channel(_ channel: Channel, received bytes: UnsafeRawBufferPointer) {
    if !inbound.isEmpty {
      inbound.append(contentsOf: bytes)
      processInbound()
    } else {
      var rest = bytes
      if let handler = server.directHandler {
        let used = consumeDirectly(bytes, handler)
        if used == bytes.count || !channel.isOpen { return }
        rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
      }
      isConsuming = true
      let used = consume(rest)
      isConsuming = false
      if used < rest.count, channel.isOpen {
        inbound.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[used...]))
      }
    }
    updateReading()
  }

  /// Works on what was kept. Also called when an answer has made room for the next request.
  func processInbound() {
    guard !isConsuming else { return }
    // Out of the property, because handlers may come back to this connection while they see the bytes.
    let pending = exchange(&inbound, [])
    isConsuming = true
    let used = pending.withUnsafeBytes { consume($0) }
    isConsuming = false
    if !channel.isOpen { return }
    if used == 0 {
      inbound = pending
    } else if used < pending.count {
      inbound = Bytes(pending[used...])
    }
  }

  /// Stops reading while a request waits and much has come after it; goes on when it is used up.
  func updateReading() {
    let isFull = inbound.count >= Self.backlogLimit
    let isStuck: Bool
    switch request {
    case .complete: isStuck = true
    case .body: isStuck = isRequestPaused
    case .head: isStuck = waitsForRoom
    case .unwantedBody: isStuck = false
    }
    let pauses = isStuck && (isFull || isRequestPaused)
    if pauses == isReadingPaused { return }
    isReadingPaused = pauses
    if pauses { channel.pauseReading() } else { channel.resumeReading() }
  }

  func channelReceivesInPlace(
    _ channel: Channel, _ receive: (UnsafeMutableRawBufferPointer) -> TransferResult
  ) -> TransferResult { receiveOwned(receive) }

  func channelPeerClosing(_ channel: Channel) { clientWentAway() }

  func channelInputEnded(_ channel: Channel, isClean: Bool) {
    inputEnded = true
    switch request {
    case .head:
      // Whole requests may still wait here for the end of the turn.
      processInbound()
      if case .head = request, !waitsForRoom { channel.closeAfterFlush(lingers: false) }
    case .unwantedBody: channel.closeAfterFlush(lingers: false)
    case .body where !isRequestPaused: channel.close(.failed("the client left within a request"))
    case .body, .complete: clientWentAway()
    }
  }

  /// The client closed its direction. Whole answers are still sent, since it may only have said all; what is
  /// streamed to it, or through it, ends.
  private func clientWentAway() {
    guard sequence > 0 else { return }
    if case .streaming = server.state.handler {
      channel.close(.failed("the client left"))
    } else if case .streaming = response {
      channel.close(.failed("the client left"))
    } else {
      cancelledThrough.store(sequence, ordering: .relaxed)
    }
  }

  func channelWritable(_ channel: Channel) {
    exchange(&writer, nil)?.resume(returning: true)
    if case .streaming = response { receiver?.responseWritable() }
    if waitsForRoom {
      waitsForRoom = false
      if case .head = request { enter(.idle) }
      continueSoon()
    }
  }

  func channelClosed(_ channel: Channel, _ reason: ChannelCloseReason) {
    stopTimer()
    endExchangeUnanswered()
    inbound = []
    collected = []
    endOwnedBody()
    spareExchange = nil
    server.remove(self)
  }

  /// Tells everybody who works on the present request that its client is gone.
  func endExchangeUnanswered() {
    if case .idle = response { return }
    cancelledThrough.store(sequence, ordering: .relaxed)
    // Late answers find another number.
    sequence += 1
    response = .idle
    requestHead = nil
    exchange(&task, nil)?.cancel()
    exchange(&writer, nil)?.resume(returning: false)
    exchange(&receiver, nil)?.requestCancelled()
  }
}
