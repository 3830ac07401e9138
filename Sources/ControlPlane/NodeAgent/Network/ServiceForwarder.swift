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
    var place: Place
    var backends: [ForwardedPort.Backend]
    /// Where the Service's own port could not be bound.
    var standIn: Int?
  }

  private struct State {
    var listeners: [UInt64: Listener] = [:]
    var next: UInt64 = 1
    var problems: [Place: String] = [:]
    var isClosed = false
  }

  private let epoll: Epoll
  private let wake: EventDescriptor
  private let state = Mutex(State())
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
    }
    wake.signal()
  }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Brings the listeners to this list; open connections stay as they are.
  /// - Returns: the ports for which another one stands in.
  func update(_ ports: [ForwardedPort]) -> [PortStandIn] {
    state.withLock { state in
      let wanted = Dictionary(
        ports.map { (Place(address: $0.address, port: $0.port), $0) }, uniquingKeysWith: { first, _ in first }
      )
      for (registration, listener) in state.listeners {
        if let port = wanted[listener.place] {
          state.listeners[registration]?.backends = port.backends
        } else {
          epoll.remove(listener.socket.descriptor)
          state.listeners[registration] = nil
        }
      }
      let present = Set(state.listeners.values.map(\.place))
      for (place, port) in wanted where !present.contains(place) { open(place, port, &state) }
      return state.listeners.values.compactMap { listener in
        listener.standIn.map {
          PortStandIn(address: listener.place.address, port: listener.place.port, standIn: $0)
        }
      }
    }
  }

  private func open(_ place: Place, _ port: ForwardedPort, _ state: inout State) {
    do {
      let (socket, standIn) = try Self.bind(place)
      let registration = state.next
      state.next &+= 1
      try epoll.add(socket.descriptor, .readable, registration: registration << 2)
      state.listeners[registration] = Listener(
        socket: socket, place: place, backends: port.backends, standIn: standIn)
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

  /// The next client of a listener with the endpoints to try; nil where none waits.
  func accept(_ registration: UInt64) -> (client: Socket, backends: [ForwardedPort.Backend])? {
    guard let listener = state.withLock({ $0.listeners[registration] }) else { return nil }
    guard let accepted = try? listener.socket.accept() else { return nil }
    return (accepted.socket, listener.backends)
  }
}
