internal import Linux
internal import Telemetry

/// One listening socket on a loop; hands accepted connections to all loops in turn, so that each gets its
/// share.
/// `@unchecked Sendable`: everything but the lets is touched only on the loop's thread.
final class Listener: LoopHandler, @unchecked Sendable {
  private static let acceptsPerTurn = 64

  private let loop: EventLoop
  private let state: ServerState
  private let serverLoops: [ServerLoop]
  private var socket: Socket?
  private var registration: UInt64 = 0
  private var next = 0
  private var failures = RepeatedFailure()

  init(loop: EventLoop, socket: Socket, state: ServerState, serverLoops: [ServerLoop]) {
    self.loop = loop
    self.socket = socket
    self.state = state
    self.serverLoops = serverLoops
    next = loop.index
  }

  func start() {
    guard let socket, !state.isDraining else {
      stop()
      return
    }
    do {
      registration = try loop.register(socket.descriptor, .readable, self)
    } catch {
      Logger("http").error("a listening socket could not be watched", ["error": "\(error)"])
      self.socket = nil
    }
  }

  func stop() {
    guard let socket else { return }
    if registration != 0 { loop.remove(socket.descriptor, registration) }
    registration = 0
    self.socket = nil
  }

  func loopStopping() { stop() }

  func ready(_ events: EpollEvents) {
    guard let socket else { return }
    do {
      for _ in 0..<Self.acceptsPerTurn {
        guard let (accepted, address) = try socket.accept() else { return }
        handOver(accepted, address)
      }
    } catch {
      // Out of descriptors or memory: the clients wait in the backlog for a moment.
      if let times = failures.occurs(at: loop.clock.now) {
        Logger("http").error("cannot accept connections", ["error": "\(error)", "times": "\(times)"])
      }
      pause(socket)
    }
  }

  private func handOver(_ accepted: Socket, _ address: SocketAddress) {
    guard state.openConnection() else {
      refuse(accepted)
      return
    }
    let target = serverLoops[next % serverLoops.count]
    next = (next + 1) % serverLoops.count
    if target.loop === loop {
      target.adopt(accepted, address)
    } else if !target.loop.post({ target.adopt(accepted, address) }) {
      state.connectionClosed()
    }
  }

  /// As good as it gets without taking the connection over.
  private func refuse(_ accepted: Socket) {
    if state.tls == nil {
      let answer: StaticString =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
      _ = accepted.send(UnsafeRawBufferPointer(start: answer.utf8Start, count: answer.utf8CodeUnitCount))
    }
    accepted.shutdownSending()
  }

  private func pause(_ socket: Socket) {
    loop.remove(socket.descriptor, registration)
    registration = 0
    loop.schedule(after: .milliseconds(100)) { [weak self] in self?.start() }
  }
}
