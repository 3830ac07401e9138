public import Linux
internal import Synchronization

/// Listens on addresses and answers HTTP/1.1 and HTTP/2 requests by one handler, on the loops of a group.
public final class HTTPServer: Sendable {
  private let group: EventLoopGroup
  private let state: ServerState
  private let serverLoops: [ServerLoop]
  private let listeners = Mutex<[(loop: EventLoop, listener: Listener)]>([])

  /// - Parameter grpc: gets the HTTP/2 requests of type `application/grpc`; all others go to `handler`.
  public init(
    group: EventLoopGroup, limits: HTTPServerLimits = .init(), tls: TLSServerContext? = nil,
    handler: HTTPServerHandler, grpc: (any GRPCHandler)? = nil, grpcLimits: GRPCLimits = .init()
  ) {
    let state = ServerState(limits: limits, tls: tls, handler: handler, grpc: grpc, grpcLimits: grpcLimits)
    self.group = group
    self.state = state
    serverLoops = group.loops.map { ServerLoop(state: state, loop: $0) }
  }

  /// Starts to accept on every address, or on none where one fails. Names are resolved, which may block: call
  /// it at start.
  /// - Returns: the addresses really bound (with the ports that 0 became).
  /// - Throws: `LinuxError`; `isAddressInUse` tells a taken port.
  public func listen(_ addresses: [ListenAddress]) throws(LinuxError) -> [ListenAddress] {
    var sockets: [Socket] = []
    var bound: [ListenAddress] = []
    for address in addresses {
      let socket = try Socket.listen(on: try Self.socketAddress(address))
      let actual = try socket.localAddress()
      bound.append(ListenAddress(host: actual.host, port: actual.port))
      sockets.append(socket)
    }
    for socket in sockets {
      let loop = group.next()
      let listener = Listener(loop: loop, socket: socket, state: state, serverLoops: serverLoops)
      listeners.withLock { $0.append((loop, listener)) }
      if !loop.post({ listener.start() }) { throw LinuxError.shutDown("listen") }
    }
    return bound
  }

  /// Still accepts and answers, but says `Connection: close` in every answer: clients leave as they come.
  /// For the time in which those that route requests here may not know yet that this server ends.
  public func sendClientsAway() { state.startLeaving() }

  /// Stops accepting, lets open requests end (`Connection: close`), ends streamed answers of the async face,
  /// and breaks off what remains after `timeout`.
  public func drain(timeout: Duration) async {
    state.startDraining()
    let stopping = listeners.withLock { exchange(&$0, []) }
    for (loop, listener) in stopping { await Self.run(on: loop) { listener.stop() } }
    for serverLoop in serverLoops { serverLoop.loop.post { serverLoop.startDraining() } }
    let serverLoops = serverLoops
    let state = state
    let watched = group.loops[0]
    let scheduled = watched.post {
      watched.schedule(after: timeout) {
        for serverLoop in serverLoops { serverLoop.loop.post { serverLoop.closeAll() } }
      }
    }
    // Ended loops have closed everything.
    if scheduled { await state.waitUntilClosed() }
  }

  private static func run(on loop: EventLoop, _ body: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
      let accepted = loop.post {
        body()
        continuation.resume()
      }
      if !accepted { continuation.resume() }
    }
  }

  private static func socketAddress(_ address: ListenAddress) throws(LinuxError) -> SocketAddress {
    if address.isUnixSocket { return .unix(address.host) }
    if let literal = SocketAddress(literal: address.host, port: address.port) { return literal }
    if address.host == "localhost", let port = UInt16(exactly: address.port) { return .loopback(port: port) }
    guard let first = try? NameResolver.resolve(address.host, port: address.port).first else {
      throw LinuxError.addressNotAvailable("bind", address.description)
    }
    return first
  }
}
