internal import Basics
internal import Linux

/// A connected socket on a loop: receiving with pause and resume, queued sending with one call per turn, TLS,
/// and an end that lets the peer read the last answer. Loop thread only.
final class Channel: LoopHandler {
  enum State {
    case connecting, handshaking, open
    /// The output is sent, then the socket is closed.
    case closing
    /// Everything is sent; what the peer still sends is thrown away for a moment, so that no reset destroys
    /// the answer.
    case lingering
    case closed
  }

  let loop: EventLoop
  let remoteAddress: String
  private(set) var state: State
  /// Bytes that the socket has taken so far, wrapping around.
  private(set) var sentBytes = 0
  /// Bytes in the output at which writers are told to wait.
  private let highWater: Int
  private let writeTimeout: Duration

  private var socket: Socket?
  private var registration: UInt64 = 0
  private var interest: EpollEvents = []
  private var delegate: (any ChannelDelegate)?
  private var tls: TLSSession?
  private var output = OutboundQueue()
  /// Encrypted output; unused without TLS.
  private var cipherOutput = OutboundQueue()
  private var isFlushQueued = false
  private var isPaused = false
  private var inputEnded = false
  private var reportedInputEnd = false
  /// The peer was seen to close while reading was paused.
  private var peerIsClosing = false
  /// Off the loop: a hang-up is reported without end, but unread bytes must wait for `resumeReading`.
  private var isDetached = false
  /// The socket took nothing at the last attempt.
  private var isBlocked = false
  private var sentClose = false
  private var isAboveHighWater = false
  private var lingers = false
  private var lingerBytesLeft = 1 << 20
  private var timer: LoopTimer?
  /// The delegate has memory of its own for what comes next; without TLS only.
  var receivesInPlace = false
  /// The delegate expects little before it has such memory: read only so much, what follows needs no copy.
  var expectsInPlace = false
  /// A head with what protocols put before the long part.
  private static let shortReceive = 4096

  /// - Parameter isConnected: false for a socket whose connect is under way.
  init(
    loop: EventLoop, socket: Socket, remoteAddress: String, isConnected: Bool, tls: TLSSession?,
    highWater: Int,
    writeTimeout: Duration
  ) {
    self.loop = loop
    self.socket = socket
    self.remoteAddress = remoteAddress
    self.tls = tls
    self.highWater = highWater
    self.writeTimeout = writeTimeout
    state = isConnected ? (tls == nil ? .open : .handshaking) : .connecting
  }

  var isOpen: Bool { state != .closed && state != .lingering && state != .closing }
  var pendingOutput: Int { output.count + cipherOutput.count }
  /// False above the high-water mark.
  var isWritable: Bool { pendingOutput < highWater }
  /// Something came on a connection that should be silent; asks the socket itself.
  var hasPendingInput: Bool { inputEnded || peerIsClosing || (socket?.hasPendingInput() ?? true) }
  var negotiatedProtocol: String? { tls?.negotiatedProtocol }

  /// Puts the channel on its loop. `delegate` is kept until the channel is closed.
  func start(_ delegate: any ChannelDelegate) throws(LinuxError) {
    guard let socket else { return }
    self.delegate = delegate
    interest = state == .connecting ? .writable : [.readable, .peerClosed]
    do {
      registration = try loop.register(socket.descriptor, interest, self)
    } catch {
      self.delegate = nil
      self.socket = nil
      state = .closed
      throw error
    }
    switch state {
    case .open: delegate.channelReady(self)
    case .handshaking: handshake()
    default: break
    }
  }

  /// Lets another protocol speak from now on.
  func replaceDelegate(_ delegate: any ChannelDelegate) { self.delegate = delegate }

  // MARK: sending

  /// Appends through `body`; it is sent at the end of the turn.
  func write(_ body: (inout Bytes) -> Void) {
    guard isOpen else { return }
    output.append(body)
    outputGrew()
  }

  func write(_ bytes: UnsafeRawBufferPointer) {
    guard isOpen else { return }
    output.append(bytes)
    outputGrew()
  }

  func write(_ bytes: Bytes) {
    guard isOpen else { return }
    output.append(bytes)
    outputGrew()
  }

  /// As the others, without a copy of what is long.
  func write(_ piece: any BodyPiece) {
    guard isOpen else { return }
    output.append(piece)
    outputGrew()
  }

  /// Sends at once where nothing waits before; for answers that are complete and alone in their turn.
  func sendNow(_ bytes: UnsafeRawBufferPointer) {
    guard state == .open, tls == nil, output.isEmpty, !isBlocked, let socket else {
      write(bytes)
      return
    }
    switch socket.send(bytes) {
    case .bytes(let count):
      sentBytes &+= count
      if count < bytes.count { write(UnsafeRawBufferPointer(rebasing: bytes[count...])) }
    case .wouldBlock, .endOfStream: write(bytes)
    case .failed(let error): close(.failed(error.reason))
    }
  }

  func write(_ bytes: ArraySlice<UInt8>) {
    guard isOpen else { return }
    output.append(bytes)
    outputGrew()
  }

  private func outputGrew() {
    if !isWritable { isAboveHighWater = true }
    queueFlush()
  }

  private func queueFlush() {
    guard !isFlushQueued else { return }
    isFlushQueued = true
    loop.flushAtEndOfTurn(self)
  }

  // MARK: ending

  /// Sends what is queued, then closes.
  /// - Parameter lingers: the peer may still be sending: read on for a moment, so that it gets the last
  ///   bytes.
  func closeAfterFlush(lingers: Bool) {
    guard isOpen else { return }
    if state != .open {
      close(.finished)
      return
    }
    self.lingers = lingers
    state = .closing
    queueFlush()
  }

  /// Closes at once; what is queued is lost.
  func close(_ reason: ChannelCloseReason) {
    guard state != .closed else { return }
    state = .closed
    if let socket, !isDetached { loop.remove(socket.descriptor, registration) }
    socket = nil
    tls = nil
    output.removeAll()
    cipherOutput.removeAll()
    timer?.cancel()
    timer = nil
    let delegate = exchange(&self.delegate, nil)
    delegate?.channelClosed(self, reason)
  }

  func loopStopping() { close(.loopStopped) }

  // MARK: receiving

  /// No further bytes are delivered until `resumeReading`; the end of the input still is.
  func pauseReading() {
    guard !isPaused else { return }
    isPaused = true
    updateInterest()
  }

  func resumeReading() {
    guard isPaused else { return }
    isPaused = false
    if isDetached { attach() }
    updateInterest()
    guard tls != nil else { return }
    // What TLS has decrypted already raises no event.
    loop.afterEvents { [weak self] in self?.deliverPlaintext() }
  }

  func ready(_ events: EpollEvents) {
    switch state {
    case .connecting: finishConnecting()
    case .handshaking, .open, .closing:
      let isBroken = !events.isDisjoint(with: [.error, .hangup])
      if !isPaused, !inputEnded, isBroken || !events.isDisjoint(with: [.readable, .peerClosed]) {
        // After a break everything that came before it is still to be read.
        while receive(), isBroken, !isPaused, !inputEnded, state != .closed {}
      } else if isPaused, !peerIsClosing, isBroken || events.contains(.peerClosed) {
        peerIsClosing = true
        updateInterest()
        delegate?.channelPeerClosing(self)
      }
      if isBroken { hungUp(isError: events.contains(.error)) }
      if state != .closed, events.contains(.writable) { flush() }
    case .lingering: discardInput()
    case .closed: break
    }
  }

  private func hungUp(isError: Bool) {
    guard state != .closed, let socket else { return }
    if isPaused && !isError && !inputEnded && state == .open {
      loop.remove(socket.descriptor, registration)
      isDetached = true
      return
    }
    let error = socket.takeError("recv")
    close(.failed(error?.reason ?? "the peer closed the connection"))
  }

  private func attach() {
    guard let socket else { return }
    isDetached = false
    do {
      registration = try loop.register(socket.descriptor, interest, self)
    } catch {
      isDetached = true
      close(.failed(error.description))
    }
  }

  private func finishConnecting() {
    if let error = socket?.takeError("connect", remoteAddress) {
      close(.failed(error.description))
      return
    }
    state = tls == nil ? .open : .handshaking
    updateInterest()
    if state == .handshaking {
      handshake()
    } else {
      delegate?.channelReady(self)
      if !output.isEmpty { queueFlush() }
    }
  }

  /// - Returns: false where there was nothing to read.
  private func receive() -> Bool {
    guard let socket else { return false }
    if receivesInPlace, tls == nil, let delegate { return receiveInPlace(socket, delegate) }
    var room = loop.receiveBuffer
    if expectsInPlace, tls == nil {
      room = UnsafeMutableRawBufferPointer(rebasing: room.prefix(Self.shortReceive))
    }
    switch socket.receive(into: room) {
    case .bytes(let count):
      received(UnsafeRawBufferPointer(rebasing: room[..<count]))
      // A full buffer had no room for all that is there; while its begin is at hand, the rest is taken too.
      if count == room.count, receivesInPlace, tls == nil, !isPaused, state == .open, let delegate {
        _ = receiveInPlace(socket, delegate)
      }
    case .endOfStream: inputEnds()
    case .wouldBlock: return false
    case .failed(let error): close(.failed(error.reason))
    }
    return true
  }

  private func receiveInPlace(_ socket: Socket, _ delegate: any ChannelDelegate) -> Bool {
    switch delegate.channelReceivesInPlace(self, { socket.receive(into: $0) }) {
    case .bytes: break
    case .endOfStream: inputEnds()
    case .wouldBlock: return false
    case .failed(let error): close(.failed(error.reason))
    }
    return true
  }

  private func received(_ bytes: UnsafeRawBufferPointer) {
    // While closing nobody is interested any more.
    guard state == .open || state == .handshaking else { return }
    guard let tls else {
      delegate?.channel(self, received: bytes)
      return
    }
    guard tls.receive(bytes) else {
      close(.tlsFailed("out of memory for TLS"))
      return
    }
    if state == .handshaking { handshake() } else { deliverPlaintext() }
  }

  private func inputEnds() {
    inputEnded = true
    updateInterest()
    if state == .handshaking {
      close(.tlsFailed("the peer closed the connection during the TLS handshake"))
    } else if tls != nil {
      // Reports the end itself, after the last byte: the delegate may pause on the way.
      deliverPlaintext()
    } else {
      reportInputEnd(isClean: true)
    }
  }

  private func reportInputEnd(isClean: Bool) {
    guard !reportedInputEnd, state != .closed else { return }
    reportedInputEnd = true
    if state == .closing { return }
    delegate?.channelInputEnded(self, isClean: isClean)
  }
}

// MARK: TLS

extension Channel {
  private func handshake() {
    guard let tls else { return }
    let progress = tls.handshake()
    takeCipher()
    switch progress {
    case .wantsMore: break
    case .done:
      state = .open
      delegate?.channelReady(self)
      if !output.isEmpty { queueFlush() }
      if state == .open { deliverPlaintext() }
    case .failed(let message):
      // The alert may still tell the peer why.
      flush()
      close(.tlsFailed(message))
    }
  }

  private func deliverPlaintext() {
    while let tls, state == .open, !isPaused {
      switch tls.decrypt(into: loop.plainBuffer) {
      case .bytes(let count):
        delegate?.channel(self, received: UnsafeRawBufferPointer(rebasing: loop.plainBuffer[..<count]))
      case .needsMore:
        takeCipher()
        if inputEnded { reportInputEnd(isClean: tls.receivedClose) }
        return
      case .closed:
        takeCipher()
        inputEnded = true
        updateInterest()
        reportInputEnd(isClean: true)
        return
      case .failed(let message):
        takeCipher()
        flush()
        close(.tlsFailed(message))
        return
      }
    }
  }

  /// Few bytes wait for a peer that takes none, many go out with one call where many may wait.
  private var encryptedAtOnce: Int { min(max(highWater, 32 * 1024), 64 * 1024) }

  /// Only as much as may wait: the rest stays in clear until the peer has taken some.
  private func encryptOutput() {
    guard let tls, state == .open || state == .closing else { return }
    while !output.isEmpty, cipherOutput.count < highWater {
      let result = output.withFirst { bytes, _ -> (used: Int, isGood: Bool) in
        let piece = UnsafeRawBufferPointer(rebasing: bytes.prefix(encryptedAtOnce))
        return (piece.count, tls.encrypt(piece))
      }
      guard let result, result.isGood else {
        close(.tlsFailed("TLS could not encrypt"))
        return
      }
      output.removeFirst(result.used)
      takeCipher()
    }
  }

  private func takeCipher() {
    guard let tls else { return }
    tls.takeOutput { cipherOutput.append($0) }
    if !cipherOutput.isEmpty { queueFlush() }
  }
}

// MARK: the output

extension Channel {
  /// Sends what the socket takes. The loop calls it at the end of the turn, and when the socket is writable
  /// again.
  func flush() {
    isFlushQueued = false
    guard let socket, state != .connecting, state != .closed, state != .lingering else { return }
    while true {
      if tls != nil && state != .handshaking { encryptOutput() }
      guard state != .closed else { return }
      let sent: TransferResult?
      if tls == nil {
        sent = output.send(on: socket, loop.sendPieces)
      } else {
        sent = cipherOutput.send(on: socket, loop.sendPieces)
      }
      switch sent {
      case .bytes(let count):
        sentBytes &+= count
        if tls == nil { output.removeFirst(count) } else { cipherOutput.removeFirst(count) }
        if isBlocked { restartWriteTimer() }
      case .wouldBlock:
        if !isBlocked { restartWriteTimer() }
        isBlocked = true
        updateInterest()
        reportWritable()
        return
      case .failed(let error):
        close(.failed(error.reason))
        return
      case .endOfStream, nil:
        if state == .closing, !sentClose, let tls {
          sentClose = true
          tls.sendClose()
          takeCipher()
          continue
        }
        outputIsEmpty()
        return
      }
    }
  }

  private func outputIsEmpty() {
    timer?.cancel()
    timer = nil
    isBlocked = false
    if state == .closing {
      endOutput()
      return
    }
    updateInterest()
    reportWritable()
  }

  private func reportWritable() {
    guard isAboveHighWater, pendingOutput <= highWater / 2 else { return }
    isAboveHighWater = false
    delegate?.channelWritable(self)
  }

  private func endOutput() {
    guard lingers, !inputEnded else {
      close(.finished)
      return
    }
    state = .lingering
    socket?.shutdownSending()
    isPaused = false
    updateInterest()
    timer = loop.timer(at: loop.deadline(after: .seconds(2))) { [weak self] in self?.close(.finished) }
  }

  private func discardInput() {
    guard let socket else { return }
    switch socket.receive(into: loop.receiveBuffer) {
    case .bytes(let count):
      lingerBytesLeft -= count
      if lingerBytesLeft < 0 { close(.finished) }
    case .wouldBlock: break
    case .endOfStream, .failed: close(.finished)
    }
  }

  private func restartWriteTimer() {
    let deadline = loop.deadline(after: writeTimeout)
    if let timer {
      timer.move(to: deadline)
    } else {
      timer = loop.timer(at: deadline) { [weak self] in self?.close(.writeStalled) }
    }
  }

  private func updateInterest() {
    guard let socket, state != .closed, !isDetached else { return }
    var wanted: EpollEvents = []
    if isBlocked || state == .connecting { wanted.insert(.writable) }
    if !inputEnded {
      if !isPaused { wanted.insert(.readable) }
      if !isPaused || !peerIsClosing { wanted.insert(.peerClosed) }
    }
    if wanted == interest { return }
    do {
      try loop.modify(socket.descriptor, wanted, registration)
      interest = wanted
    } catch {
      close(.failed(error.description))
    }
  }
}
