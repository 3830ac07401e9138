internal import Basics
internal import HTTPWire
internal import Linux
internal import Telemetry

/// One server's connections on one loop.
/// `@unchecked Sendable`: everything but the lets is touched only on the loop's thread.
final class ServerLoop: @unchecked Sendable {
  let state: ServerState
  let loop: EventLoop
  private var connections: [ObjectIdentifier: any ServerConnection] = [:]
  private var date: Bytes = []
  private var dateMadeAt: UInt64 = 0
  private let wallClock = SystemClock()
  /// Made with the first compressed gRPC message.
  private(set) lazy var compression = GRPCCompression()
  /// Where one HTTP/2 connection at a time gathers its frames.
  let frames = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 64)
  /// What answers plain requests where they lie, if anything does.
  let directHandler: (any BufferedHTTPHandler)?
  let directAnswers = DirectAnswers()
  /// What answers plain gRPC calls where their message lies, and the path of those calls.
  let directCallHandler: (any GRPCHandler)?
  let directCallPath: String?
  let directCalls: HTTP2DirectCalls
  let wireLimits: HTTPWireLimits
  let idleNanoseconds: UInt64

  init(state: ServerState, loop: EventLoop) {
    self.state = state
    self.loop = loop
    wireLimits = state.limits.wire
    let (seconds, attoseconds) = state.limits.idleTimeout.components
    idleNanoseconds =
      UInt64(clamping: min(seconds, 1 << 32)) &* 1_000_000_000
      &+ UInt64(clamping: attoseconds / 1_000_000_000)
    directCallPath = state.grpc?.directPath
    directCallHandler = directCallPath == nil ? nil : state.grpc
    directCalls = HTTP2DirectCalls(
      messageBytes: directCallPath == nil ? 0 : state.grpcLimits.receiveMessageBytes)
    if case .buffered(let handler) = state.handler, handler.answersDirectly {
      directHandler = handler
    } else {
      directHandler = nil
    }
  }

  deinit { frames.deallocate() }

  /// Changes with what `currentDate` returns.
  var dateRevision: UInt64 { dateMadeAt }

  /// Takes over an accepted socket that is counted already.
  func adopt(_ socket: Socket, _ address: SocketAddress) {
    guard !state.isDraining else {
      state.connectionClosed()
      return
    }
    let session: TLSSession?
    do {
      session = try state.tls.map { try TLSSession($0) }
    } catch {
      state.connectionClosed()
      Logger("http").warning("no TLS session for a connection", ["error": "\(error)"])
      return
    }
    let channel = Channel(
      loop: loop, socket: socket, remoteAddress: address.description, isConnected: true, tls: session,
      highWater: state.limits.outboundHighWater, writeTimeout: state.limits.writeTimeout)
    let connection = ProtocolChoice(self, channel)
    connections[ObjectIdentifier(connection)] = connection
    do {
      try channel.start(connection)
    } catch {
      remove(connection)
      Logger("http").warning("a connection could not be watched", ["error": "\(error)"])
    }
  }

  /// The same connection in other hands.
  func replace(_ old: any ServerConnection, by new: any ServerConnection) {
    guard connections.removeValue(forKey: ObjectIdentifier(old)) != nil else { return }
    connections[ObjectIdentifier(new)] = new
  }

  func remove(_ connection: any ServerConnection) {
    if connections.removeValue(forKey: ObjectIdentifier(connection)) != nil { state.connectionClosed() }
  }

  func startDraining() {
    for connection in Array(connections.values) { connection.startDraining() }
  }

  func closeAll() {
    for connection in Array(connections.values) { connection.closeNow() }
  }

  /// `Date`'s value, made anew at most four times a second.
  func currentDate() -> Bytes {
    let now = loop.clock.now
    if date.isEmpty || now &- dateMadeAt > 250_000_000 {
      date = Bytes(HTTPDate.format(wallClock.now()).utf8)
      dateMadeAt = now
    }
    return date
  }
}
