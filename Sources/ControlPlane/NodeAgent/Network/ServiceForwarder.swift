internal import Basics
internal import Linux
internal import Synchronization
internal import Telemetry

/// Listens on the Services' loopback addresses and passes connections on to their ready endpoints, bytes as
/// they are. One thread relays them all; who is listened for is changed from any thread.
final class ServiceForwarder: Sendable {
  private struct Place: Hashable {
    var address: String
    var port: Int
  }

  private struct Listener {
    var socket: Socket
    var backends: [ForwardedPort.Backend]
  }

  private struct State {
    var listeners: [UInt64: Listener] = [:]
    var registrations: [Place: UInt64] = [:]
    /// Ports of Services that could not be bound as they are.
    var standIns: [Place: Int] = [:]
    var next: UInt64 = 1
    var problems: [Place: String] = [:]
    var isClosed = false
  }

  private let epoll: Epoll
  private let wake: EventDescriptor
  private let state = Mutex(State())
  private let changes = Atomic<UInt64>(0)
  private let log: Logger

  init(log: Logger) throws(LinuxError) {
    let epoll = try Epoll()
    let wake = try EventDescriptor()
    self.epoll = epoll
    self.wake = wake
    self.log = log
    try epoll.add(wake.descriptor, .readable, registration: 0)
    try NamedThread.start("services") { [self] in
      ServiceRelayLoop(forwarder: self, epoll: epoll, wake: wake).run()
    }
  }

  /// Ends the thread and with it all connections.
  func close() {
    state.withLock { state in
      state.isClosed = true
      for listener in state.listeners.values { epoll.remove(listener.socket.descriptor) }
      state.listeners = [:]
      state.registrations = [:]
    }
    wake.signal()
  }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Replaces ports by others. Open connections stay; those whose endpoint is gone from their port move with
  /// their next HTTP request.
  /// - Returns: whether `standIns` may have changed.
  @discardableResult
  func update(from old: [ForwardedPort], to new: [ForwardedPort]) -> Bool {
    defer { changes.wrappingAdd(1, ordering: .releasing) }
    return state.withLock { state in
      let before = state.standIns
      let wanted = Dictionary(new.map { (Self.place($0), $0) }, uniquingKeysWith: { first, _ in first })
      for place in old.map(Self.place) where wanted[place] == nil { close(place, &state) }
      for (place, port) in wanted {
        if let registration = state.registrations[place] {
          state.listeners[registration]?.backends = port.backends
        } else {
          open(place, port, &state)
        }
      }
      return (old + new).contains { before[Self.place($0)] != state.standIns[Self.place($0)] }
    }
  }

  /// The ports for which another one stands in.
  var standIns: [PortStandIn] {
    state.withLock { state in
      state.standIns.map { PortStandIn(address: $0.key.address, port: $0.key.port, standIn: $0.value) }
    }
  }

  private static func place(_ port: ForwardedPort) -> Place {
    Place(address: port.address, port: port.port)
  }

  private func close(_ place: Place, _ state: inout State) {
    guard let registration = state.registrations.removeValue(forKey: place) else { return }
    state.standIns[place] = nil
    if let listener = state.listeners.removeValue(forKey: registration) {
      epoll.remove(listener.socket.descriptor)
    }
  }

  private func open(_ place: Place, _ port: ForwardedPort, _ state: inout State) {
    do {
      let (socket, standIn) = try Self.bind(place)
      let registration = state.next
      state.next &+= 1
      try epoll.add(socket.descriptor, .readable, registration: registration << 2)
      state.listeners[registration] = Listener(socket: socket, backends: port.backends)
      state.registrations[place] = registration
      state.standIns[place] = standIn
      state.problems[place] = nil
    } catch {
      let problem = "\(error)"
      if state.problems.updateValue(problem, forKey: place) != problem {
        log.error(
          "a Service cannot be reached by its address", ["service": "\(port.service)", "cause": problem])
      }
    }
  }

  /// The port itself, or any free one where it takes a privilege or somebody has it.
  private static func bind(_ place: Place) throws(LinuxError) -> (socket: Socket, standIn: Int?) {
    guard let address = SocketAddress(literal: place.address, port: place.port),
      let anyPort = SocketAddress(literal: place.address, port: 0)
    else { throw LinuxError(number: 22, call: "bind", subject: "\(place.address):\(place.port)") }
    do {
      return (try Socket.listen(on: address), nil)
    } catch {
      guard error.isPermissionDenied || error.isAddressInUse else { throw error }
      let socket = try Socket.listen(on: anyPort)
      return (socket, try socket.localAddress().port)
    }
  }

  /// Another one after each `update`.
  var generation: UInt64 { changes.load(ordering: .acquiring) }

  /// The endpoints of a listener now; nil where it is gone.
  func backends(_ registration: UInt64) -> [ForwardedPort.Backend]? {
    state.withLock { $0.listeners[registration]?.backends }
  }

  /// The next client of a listener with the endpoints to try; nil where none waits.
  func accept(_ registration: UInt64) -> (client: Socket, backends: [ForwardedPort.Backend])? {
    guard let listener = state.withLock({ $0.listeners[registration] }) else { return nil }
    guard let accepted = try? listener.socket.accept() else { return nil }
    return (accepted.socket, listener.backends)
  }
}
