internal import Basics
internal import HTTPWire
internal import Linux

/// A request under way to an upstream. Loop thread only.
public final class HTTPUpstreamExchange {
  private enum State {
    /// Resolving or connecting: what is sent waits in `pending`.
    case connecting
    case active(HTTP1ClientConnection)
    case ended
  }

  /// A request up to this size is kept until the answer begins, to be sent again where a pooled connection
  /// was dead.
  private static let replayLimit = 64 * 1024

  let client: LoopHTTPClient
  let upstream: HTTPUpstream
  let isHEAD: Bool
  private let isIdempotent: Bool
  private let head: HTTPRequestHead
  private let bodyLength: HTTPRequestBodyLength
  private var receiver: (any HTTPResponseReceiver)?

  private var state = State.connecting
  /// What was sent so far: until there is a connection, and as long as it may have to be sent again.
  private var pending: [Bytes] = []
  private var pendingCount = 0
  private var keepsPending = true
  private var bodyBytesLeft = 0
  private var addresses: [SocketAddress] = []
  private var connecting: HTTP1ClientConnection?
  private var isReused = false
  private var hasRetried = false
  private var waitsForRoom = false
  private var sentBefore = 0
  private(set) var isRequestComplete = false
  private var isResponsePaused = false

  init(
    client: LoopHTTPClient, upstream: HTTPUpstream, head: HTTPRequestHead, bodyLength: HTTPRequestBodyLength,
    receiver: any HTTPResponseReceiver
  ) {
    self.client = client
    self.upstream = upstream
    self.head = head
    self.bodyLength = bodyLength
    self.receiver = receiver
    isHEAD = head.method == "HEAD"
    isIdempotent = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(head.method)
  }

  // MARK: the caller's side

  /// - Returns: false where much is waiting already: hold back until `requestWritable`.
  @discardableResult
  public func sendBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard canSend(bytes.count) else { return true }
    if case .active(let connection) = state, !keepsPending {
      if bodyLength == .unknown {
        connection.channel.write { HTTPSerializer.appendChunkStart(bytes.count, to: &$0) }
      }
      connection.channel.write(bytes)
      if bodyLength == .unknown { connection.channel.write { HTTPSerializer.append("\r\n", to: &$0) } }
      return hasRoom
    }
    sendPieces(Bytes(bytes))
    return hasRoom
  }

  /// A whole body at once, without a copy.
  func sendBody(_ bytes: Bytes) {
    if canSend(bytes.count) { sendPieces(bytes) }
  }

  /// The body is complete.
  public func finish() {
    guard !isRequestComplete, !hasEnded else { return }
    if case .known = bodyLength, bodyBytesLeft > 0 {
      fail(HTTPClientError(.invalidRequest, "the request body was shorter than its Content-Length"))
      return
    }
    if bodyLength == .unknown { send(HTTPSerializer.lastChunk) }
    isRequestComplete = true
  }

  public func pauseResponse() {
    isResponsePaused = true
    if case .active(let connection) = state { connection.pause() }
  }

  /// Pieces come again, from the next turn of the loop on.
  public func resumeResponse() {
    isResponsePaused = false
    if case .active(let connection) = state { connection.resume() }
  }

  /// Gives up: the connection is closed and no further event comes.
  public func abort() {
    guard !hasEnded else { return }
    let state = end()
    receiver = nil
    if case .active(let connection) = state { connection.close() }
  }

  /// Resolving or connecting still: the upstream has seen nothing of the request.
  public var isConnecting: Bool {
    if case .connecting = state { return true }
    return false
  }

  private var hasEnded: Bool {
    if case .ended = state { return true }
    return false
  }

  private var hasRoom: Bool {
    let room: Bool
    switch state {
    case .connecting: room = pendingCount < 256 * ByteCount.kibibyte
    case .active(let connection): room = connection.channel.isWritable
    case .ended: room = true
    }
    if !room { waitsForRoom = true }
    return room
  }

  /// Whether that many more bytes of body may follow.
  private func canSend(_ count: Int) -> Bool {
    guard !isRequestComplete, !hasEnded, count > 0 else { return false }
    switch bodyLength {
    case .unknown: return true
    case .none, .known:
      guard count <= bodyBytesLeft else {
        fail(HTTPClientError(.invalidRequest, "the request body was longer than its Content-Length"))
        return false
      }
      bodyBytesLeft -= count
      return true
    }
  }

  private func sendPieces(_ bytes: Bytes) {
    if bodyLength == .unknown {
      var start = Bytes()
      HTTPSerializer.appendChunkStart(bytes.count, to: &start)
      send(start)
    }
    send(bytes)
    if bodyLength == .unknown { send(Bytes("\r\n".utf8)) }
  }

  private func send(_ bytes: Bytes) {
    if keepsPending {
      pending.append(bytes)
      pendingCount += bytes.count
    }
    guard case .active(let connection) = state else { return }
    connection.channel.write(bytes)
    if pendingCount > Self.replayLimit { dropPending() }
  }

  private func dropPending() {
    keepsPending = false
    pending = []
    pendingCount = 0
  }
}

// MARK: getting a connection

extension HTTPUpstreamExchange {
  func start() {
    let framing: HTTPBodyFraming
    switch bodyLength {
    case .none:
      framing = .none
      isRequestComplete = true
    case .known(let length):
      framing = .length(max(0, length))
      bodyBytesLeft = max(0, length)
    case .unknown: framing = .chunked
    }
    var bytes = Bytes()
    if let error = HTTPSerializer.append(head, framing: framing, to: &bytes) {
      failSoon(HTTPClientError(.invalidRequest, error.message, isSafeToRetry: false))
      return
    }
    pending = [bytes]
    pendingCount = bytes.count
    if let connection = client.takeIdle(upstream) {
      isReused = true
      connection.begin(self)
      activate(connection)
    } else {
      connect()
    }
  }

  private func activate(_ connection: HTTP1ClientConnection) {
    state = .active(connection)
    connecting = nil
    sentBefore = connection.channel.sentBytes
    if isResponsePaused { connection.pause() }
    for piece in pending { connection.channel.write(piece) }
    // A fresh connection is not tried a second time.
    if !isReused || pendingCount > Self.replayLimit { dropPending() }
    if waitsForRoom, connection.channel.isWritable {
      waitsForRoom = false
      client.loop.afterEvents { [weak self] in self?.becameWritable() }
    }
  }

  private func connect() {
    if upstream.tlsServerName != nil && client.tls == nil {
      failSoon(
        HTTPClientError(.tls, "\(upstream.address): this client has no TLS settings", isSafeToRetry: true))
      return
    }
    UpstreamResolver.resolve(upstream.address, on: client.loop) { [weak self] result in
      guard let self, case .connecting = self.state else { return }
      switch result {
      case .success(let addresses):
        self.addresses = addresses
        self.tryNextAddress(
          HTTPClientError(.connect, "\(self.upstream.address) has no address", isSafeToRetry: true))
      case .failure(let error): self.fail(error)
      }
    }
  }

  private func tryNextAddress(_ lastError: HTTPClientError) {
    guard !addresses.isEmpty else {
      fail(lastError)
      return
    }
    let address = addresses.removeFirst()
    do {
      let session: TLSSession?
      if let name = upstream.tlsServerName, let tls = client.tls {
        session = try TLSSession(tls, serverName: name)
      } else {
        session = nil
      }
      let socket = try Socket.connect(to: address)
      let channel = Channel(
        loop: client.loop, socket: socket, remoteAddress: address.description, isConnected: false,
        tls: session,
        highWater: 256 * ByteCount.kibibyte, writeTimeout: .seconds(60))
      let connection = HTTP1ClientConnection(client, upstream, channel)
      connection.begin(self)
      connecting = connection
      try connection.start()
    } catch let error as TLSError {
      fail(HTTPClientError(.tls, "\(upstream.address): \(error)", isSafeToRetry: true))
    } catch {
      connecting = nil
      tryNextAddress(
        HTTPClientError(.connect, "cannot connect to \(upstream.address): \(error)", isSafeToRetry: true))
    }
  }
}

// MARK: the connection's side

extension HTTPUpstreamExchange {
  func connectionReady(_ connection: HTTP1ClientConnection) {
    guard case .connecting = state else { return }
    activate(connection)
  }

  func becameWritable() {
    guard !hasEnded, !isRequestComplete else { return }
    waitsForRoom = false
    receiver?.requestWritable()
  }

  func received(_ head: HTTPResponseHead) {
    dropPending()
    receiver?.responseHead(head)
  }

  func received(_ bytes: UnsafeRawBufferPointer) { receiver?.responseBody(bytes) }

  /// The connection has let go of this exchange already.
  func responseEnded() {
    _ = end()
    exchange(&receiver, nil)?.responseEnd()
  }

  /// The connection broke or sent nonsense.
  func connectionFailed(_ error: HTTPClientError, isHandshake: Bool, answerBegan: Bool) {
    switch state {
    case .ended: break
    case .connecting:
      connecting = nil
      if isHandshake { fail(error) } else { tryNextAddress(error) }
    case .active(let connection):
      let isUnsent = connection.channel.sentBytes == sentBefore
      let mayRepeat = isIdempotent || isUnsent
      if isReused, !hasRetried, !answerBegan, keepsPending, mayRepeat, error.code == .connectionClosed {
        hasRetried = true
        isReused = false
        state = .connecting
        connect()
        return
      }
      var final = error
      final.isSafeToRetry = isUnsent
      fail(final)
    }
  }

  func fail(_ error: HTTPClientError) {
    guard !hasEnded else { return }
    let state = end()
    if case .active(let connection) = state { connection.close() }
    exchange(&receiver, nil)?.responseFailed(error)
  }

  private func failSoon(_ error: HTTPClientError) {
    client.loop.afterEvents { self.fail(error) }
  }

  private func end() -> State {
    let old = exchange(&state, .ended)
    exchange(&connecting, nil)?.close()
    dropPending()
    client.exchangeEnded(upstream)
    return old
  }
}
