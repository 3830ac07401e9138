internal import Basics
internal import Linux

/// The forwarder's thread: accepts, picks the endpoint with the fewest connections, and relays.
final class ServiceRelayLoop {
  private let forwarder: ServiceForwarder
  private let epoll: Epoll
  private let wake: EventDescriptor
  private var relays: [UInt64: ServiceRelay] = [:]
  private var next: UInt64 = 1
  private var connections: [ForwardedPort.Backend: Int] = [:]
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

  /// Connections that one node relays at a time; further clients are closed at once.
  private static let limit = 16_384

  init(forwarder: ServiceForwarder, epoll: Epoll, wake: EventDescriptor) {
    self.forwarder = forwarder
    self.epoll = epoll
    self.wake = wake
  }

  deinit { buffer.deallocate() }

  func run() {
    let events = EpollEventBuffer()
    while !forwarder.isClosed {
      var ready: [(EpollEvents, UInt64)] = []
      do {
        try epoll.wait(into: events, timeoutMilliseconds: -1) { ready.append(($0, $1)) }
      } catch {
        return
      }
      for (kind, registration) in ready {
        if registration == 0 {
          wake.drain()
        } else if registration & 3 == 0 {
          acceptAll(registration >> 2)
        } else {
          handle(kind, registration >> 2, isClient: registration & 3 == 1)
        }
      }
    }
  }

  private func acceptAll(_ listener: UInt64) {
    for _ in 0..<64 {
      let generation = forwarder.generation
      guard let (client, backends) = forwarder.accept(listener) else { return }
      // Without an endpoint the client is closed, which it sees at once.
      guard relays.count < Self.limit, !backends.isEmpty else { continue }
      let relay = ServiceRelay(
        client: client, candidates: ordered(backends), listener: listener, generation: generation)
      let number = next
      next &+= 1
      guard connect(relay, number) else { continue }
      relays[number] = relay
      relay.clientSide.isRegistered =
        (try? epoll.add(client.descriptor, [], registration: number << 2 | 1)) != nil
      update(relay, number)
    }
  }

  /// The one with the fewest connections first; of equally busy ones the turn decides.
  private func ordered(_ backends: [ForwardedPort.Backend]) -> [ForwardedPort.Backend] {
    guard backends.count > 1 else { return backends }
    let turn = Int(truncatingIfNeeded: next % UInt64(backends.count))
    let rotated = Array(backends[turn...] + backends[..<turn])
    return rotated.enumerated().sorted {
      (connections[$0.element] ?? 0, $0.offset) < (connections[$1.element] ?? 0, $1.offset)
    }.map(\.element)
  }

  /// A connection that its client keeps open follows its Service: a request that comes after an answer goes
  /// to an endpoint as the Service has them now, where the connection's own is none of them any more.
  /// - Returns: whether the request is on its way to another endpoint.
  private func follow(_ relay: ServiceRelay, _ number: UInt64) -> Bool {
    let generation = forwarder.generation
    guard generation != relay.generation else { return false }
    guard let backends = forwarder.backends(relay.listener), !backends.isEmpty, let backend = relay.backend,
      !backends.contains(backend)
    else {
      relay.generation = generation
      return false
    }
    guard let request = relay.takeRequest(buffer) else { return false }
    if let server = relay.serverSide { epoll.remove(server.socket.descriptor) }
    release(backend)
    relay.backend = nil
    relay.serverSide = nil
    relay.generation = generation
    relay.candidates = ordered(backends)
    guard connect(relay, number), let server = relay.serverSide else {
      close(relay, number)
      return true
    }
    server.pending = request
    setInterest(relay.clientSide, readable: false, number << 2 | 1)
    return true
  }

  /// Starts to connect to the next candidate; false where none is left.
  private func connect(_ relay: ServiceRelay, _ number: UInt64) -> Bool {
    while let backend = relay.candidates.first {
      relay.candidates.removeFirst()
      guard let address = SocketAddress(literal: backend.address, port: backend.port),
        let socket = try? Socket.connect(to: address),
        (try? epoll.add(socket.descriptor, .writable, registration: number << 2 | 2)) != nil
      else { continue }
      relay.serverSide = RelaySide(socket)
      relay.serverSide?.isRegistered = true
      relay.isConnecting = true
      relay.backend = backend
      connections[backend, default: 0] += 1
      return true
    }
    return false
  }

  private func release(_ backend: ForwardedPort.Backend?) {
    guard let backend, let count = connections[backend] else { return }
    connections[backend] = count > 1 ? count - 1 : nil
  }

  private func handle(_ events: EpollEvents, _ number: UInt64, isClient: Bool) {
    guard let relay = relays[number] else { return }
    if relay.isConnecting && !isClient {
      finishConnecting(relay, number)
    } else if relay.isConnecting {
      // The client gave up before its server was there.
      if !events.isDisjoint(with: [.hangup, .error]) { close(relay, number) }
    } else {
      if isClient, follow(relay, number) { return }
      relay.pump(buffer)
      if !events.isDisjoint(with: [.hangup, .error]) { detach(relay, isClient: isClient) }
      update(relay, number)
    }
  }

  private func finishConnecting(_ relay: ServiceRelay, _ number: UInt64) {
    guard let server = relay.serverSide else { return close(relay, number) }
    if server.socket.takeError("connect") != nil {
      epoll.remove(server.socket.descriptor)
      release(relay.backend)
      relay.backend = nil
      relay.serverSide = nil
      if connect(relay, number) {
        relay.serverSide?.pending = server.pending
      } else {
        close(relay, number)
      }
      return
    }
    relay.isConnecting = false
    relay.pump(buffer)
    update(relay, number)
  }

  /// A side that is closed in both directions would be reported again and again: what is left in it is read
  /// when the other side has room.
  private func detach(_ relay: ServiceRelay, isClient: Bool) {
    guard let side = isClient ? relay.clientSide : relay.serverSide, side.isRegistered else { return }
    epoll.remove(side.socket.descriptor)
    side.isRegistered = false
  }

  private func update(_ relay: ServiceRelay, _ number: UInt64) {
    if relay.isOver { return close(relay, number) }
    guard let server = relay.serverSide, !relay.isConnecting else { return }
    let client = relay.clientSide
    setInterest(client, readable: server.pending.isEmpty, number << 2 | 1)
    setInterest(server, readable: client.pending.isEmpty, number << 2 | 2)
    // Neither side can wake the relay any more.
    if !client.isRegistered && !server.isRegistered { close(relay, number) }
  }

  private func setInterest(_ side: RelaySide, readable: Bool, _ registration: UInt64) {
    guard side.isRegistered else { return }
    var events: EpollEvents = []
    if readable && !side.isAtEnd { events.insert(.readable) }
    if !side.pending.isEmpty { events.insert(.writable) }
    guard events != side.interest else { return }
    side.interest = events
    if (try? epoll.modify(side.socket.descriptor, events, registration: registration)) == nil {
      side.isRegistered = false
    }
  }

  private func close(_ relay: ServiceRelay, _ number: UInt64) {
    epoll.remove(relay.clientSide.socket.descriptor)
    if let server = relay.serverSide { epoll.remove(server.socket.descriptor) }
    release(relay.backend)
    relays[number] = nil
  }
}

/// One direction's end of a relayed connection.
final class RelaySide {
  let socket: Socket
  /// Bytes from the other side that this one has not taken yet.
  var pending = Bytes()
  /// This side has sent everything it will.
  var isAtEnd = false
  /// It has been told that the other side's stream ended.
  var isTold = false
  var isRegistered = false
  var interest: EpollEvents?

  init(_ socket: Socket) { self.socket = socket }
}

/// A client's connection and the one to its endpoint.
final class ServiceRelay {
  let clientSide: RelaySide
  var serverSide: RelaySide?
  /// Endpoints that have not been tried.
  var candidates: [ForwardedPort.Backend]
  var backend: ForwardedPort.Backend?
  var isConnecting = false
  /// Through which it came, and the state of that one's endpoints that it was last compared with.
  let listener: UInt64
  var generation: UInt64
  private var lastIsFromServer = false
  private var hasFailed = false

  init(client: Socket, candidates: [ForwardedPort.Backend], listener: UInt64, generation: UInt64) {
    clientSide = RelaySide(client)
    self.candidates = candidates
    self.listener = listener
    self.generation = generation
  }

  /// The first bytes of a new HTTP request on a connection whose last words were the server's, all of which
  /// the client has. Whatever else the client says goes where it went before.
  func takeRequest(_ buffer: UnsafeMutableRawBufferPointer) -> Bytes? {
    guard let serverSide else { return nil }
    move(from: serverSide, to: clientSide, buffer)
    guard lastIsFromServer, !hasFailed, !serverSide.isAtEnd, serverSide.pending.isEmpty,
      clientSide.pending.isEmpty, case .bytes(let count) = clientSide.socket.receive(into: buffer)
    else { return nil }
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    if Self.isRequest(bytes) { return Bytes(bytes) }
    lastIsFromServer = false
    let sent = send(bytes, to: serverSide)
    if sent < count { serverSide.pending.append(contentsOf: bytes[sent...]) }
    return nil
  }

  private static let methods: [[UInt8]] =
    ["GET /", "POST /", "PUT /", "HEAD /", "DELETE /", "PATCH /", "OPTIONS /"].map { Array($0.utf8) }

  private static func isRequest(_ bytes: UnsafeRawBufferPointer) -> Bool {
    methods.contains { bytes.starts(with: $0) }
  }

  /// Both streams have ended and arrived, or one side has broken.
  var isOver: Bool {
    guard let serverSide, !hasFailed else { return hasFailed }
    return clientSide.isTold && serverSide.isTold
  }

  /// Moves what can be moved in both directions.
  func pump(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let serverSide else { return }
    move(from: clientSide, to: serverSide, buffer)
    move(from: serverSide, to: clientSide, buffer)
  }

  private func move(from source: RelaySide, to target: RelaySide, _ buffer: UnsafeMutableRawBufferPointer) {
    // A bounded number of rounds: one fast pair must not keep the others waiting.
    for _ in 0..<16 where !hasFailed {
      if !target.pending.isEmpty {
        let count = target.pending.withUnsafeBytes { send($0, to: target) }
        target.pending.removeFirst(count)
        if !target.pending.isEmpty { return }
      }
      if source.isAtEnd { return tell(target) }
      switch source.socket.receive(into: buffer) {
      case .bytes(let count):
        lastIsFromServer = source === serverSide
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        let sent = send(bytes, to: target)
        if sent < count { target.pending.append(contentsOf: bytes[sent...]) }
      case .endOfStream:
        source.isAtEnd = true
        return tell(target)
      case .wouldBlock: return
      case .failed: hasFailed = true
      }
    }
  }

  /// The other side's stream has ended, and all of it has arrived.
  private func tell(_ target: RelaySide) {
    guard !target.isTold else { return }
    target.isTold = true
    target.socket.shutdownSending()
  }

  private func send(_ bytes: UnsafeRawBufferPointer, to target: RelaySide) -> Int {
    switch target.socket.send(bytes) {
    case .bytes(let count): return count
    case .wouldBlock, .endOfStream: return 0
    case .failed:
      hasFailed = true
      return 0
    }
  }
}
