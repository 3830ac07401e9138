import Basics
import Formats
import KubeProtocol
import Linux
import Telemetry
import Testing

@testable import NodeAgent

private func service(_ name: String, _ spec: JSONValue) -> KubeObject {
  var service = KubeObject(.services, namespace: "default", name: name)
  service.spec = spec
  return service
}

private func slice(_ service: String, port: Int, ready: [String], unready: [String] = []) -> KubeObject {
  var slice = KubeObject(.endpointSlices, namespace: "default", name: "\(service)-1")
  slice.labels = ["kubernetes.io/service-name": service]
  slice["ports"] = [["name": "http", "port": .int(port)]]
  let endpoints =
    ready.map { ["addresses": .texts([$0]), "conditions": ["ready": true]] as JSONValue }
    + unready.map { ["addresses": .texts([$0]), "conditions": ["ready": false]] as JSONValue }
  slice["endpoints"] = .array(endpoints)
  return slice
}

/// Answers each connection with its name after the first bytes, and closes.
/// - Parameter keepsOpen: answers whatever comes after that too, one connection after the other.
private func startNamed(
  _ name: String, on address: String, keepsOpen: Bool = false
) throws -> (port: Int, socket: Socket) {
  guard let any = SocketAddress(literal: address, port: 0) else { throw LinuxError(number: 22, call: "bind") }
  let socket = try Socket.listen(on: any)
  let port = try socket.localAddress().port
  try NamedThread.start("named") {
    var polled = PollSet()
    polled.add(socket.descriptor)
    while let ready = try? polled.wait(timeout: .seconds(20)), !ready.isEmpty {
      while let accepted = try? socket.accept() {
        let client = accepted.socket
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 16)
        defer { buffer.deallocate() }
        repeat {
          var waiting = PollSet()
          waiting.add(client.descriptor)
          _ = try? waiting.wait(timeout: .seconds(20))
          guard case .bytes(let count) = client.receive(into: buffer) else { break }
          if String(decoding: buffer[..<count], as: UTF8.self) == "stop" { return }
          var answer = name
          answer.withUTF8 { _ = client.send(UnsafeRawBufferPointer($0)) }
        } while keepsOpen
      }
    }
  }
  return (port, socket)
}

private func ask(_ address: String, _ port: Int, _ question: String = "who") throws -> String {
  guard let target = SocketAddress(literal: address, port: port) else { return "bad address" }
  let socket = try Socket.connect(to: target)
  var polled = PollSet()
  polled.add(socket.descriptor, reading: false, writing: true)
  _ = try polled.wait(timeout: .seconds(20))
  if let error = socket.takeError("connect") { throw error }
  var text = question
  text.withUTF8 { _ = socket.send(UnsafeRawBufferPointer($0)) }
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 16)
  defer { buffer.deallocate() }
  var answer = Bytes()
  var reading = PollSet()
  reading.add(socket.descriptor)
  while true {
    if try reading.wait(timeout: .seconds(20)).isEmpty { return "no answer" }
    guard case .bytes(let count) = socket.receive(into: buffer) else { break }
    answer += buffer[..<count]
  }
  return String(decoding: answer, as: UTF8.self)
}

/// A client that keeps its connection.
private struct KeptConnection {
  private let socket: Socket

  init(to target: SocketAddress) throws {
    socket = try Socket.connect(to: target)
    var polled = PollSet()
    polled.add(socket.descriptor, reading: false, writing: true)
    _ = try polled.wait(timeout: .seconds(20))
  }

  func say(_ text: String) throws -> String {
    var text = text
    text.withUTF8 { _ = socket.send(UnsafeRawBufferPointer($0)) }
    var reading = PollSet()
    reading.add(socket.descriptor)
    if try reading.wait(timeout: .seconds(20)).isEmpty { return "no answer" }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 16)
    defer { buffer.deallocate() }
    guard case .bytes(let count) = socket.receive(into: buffer) else { return "closed" }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }

  func close() { socket.shutdownSending() }
}

@Suite struct NetworkTests {
  @Test func servicesAndSlicesBecomePortsAndNames() {
    let services = [
      service("web", ["clusterIP": "127.16.128.1", "ports": [["name": "http", "port": 80]]]),
      service("idle", ["clusterIP": "127.16.128.2", "ports": [["name": "http", "port": 8080]]]),
      service("headless", ["clusterIP": "None", "ports": [["name": "http", "port": 80]]]),
      service("datagrams", ["clusterIP": "127.16.128.3", "ports": [["port": 53, "protocol": "UDP"]]]),
      service("bad", ["clusterIP": "127.16.128.4", "ports": [["port": 70_000], ["port": "x"]]]),
    ]
    let slices = [
      "web": [slice("web", port: 9000, ready: ["127.16.0.2", "127.16.0.1"], unready: ["127.16.0.3"])],
      "headless": [slice("headless", port: 9000, ready: ["127.16.0.9"])],
    ]
    var table = ServiceTable()
    var ports: [String: [ForwardedPort]] = [:]
    for service in services {
      let entry = ServiceEntry(service: service, slices: slices[service.name] ?? [])
      ports[service.name] = entry.ports
      #expect(table.set(service.key, entry).namesDiffer)
      // The same again is no difference.
      let again = table.set(service.key, entry)
      #expect(again.ports == nil && !again.namesDiffer)
    }
    #expect(ports["idle"]?.map(\.port) == [8080] && ports["idle"]?.first?.backends.isEmpty == true)
    #expect(ports["web"]?.first?.backends.map(\.address) == ["127.16.0.1", "127.16.0.2"])
    #expect(["headless", "datagrams", "bad"].allSatisfy { ports[$0]?.isEmpty == true })
    let standIn = PortStandIn(address: "127.16.128.1", port: 80, standIn: 30_080)
    func names() -> String { String(decoding: table.namesFile(standIns: [standIn]), as: UTF8.self) }
    #expect(names().contains("name headless default 127.16.0.9\nname idle default 127.16.128.2\n"))
    #expect(names().contains("name web default 127.16.128.1\nport 127.16.128.1 80 30080\n"))
    // Endpoints come and go without a change of names; a Service goes with its name.
    let web = table.set(services[0].key, ServiceEntry(service: services[0], slices: []))
    #expect(web.ports?.old.first?.backends.count == 2 && web.ports?.new.first?.backends.isEmpty == true)
    #expect(!web.namesDiffer)
    #expect(table.set(services[0].key, nil).namesDiffer)
    #expect(!names().contains("name web"))
  }

  @Test func aServiceWhoseRequestsAreSplitIsTheGateways() {
    var split = service("web", ["clusterIP": "127.16.128.1", "ports": [["name": "http", "port": 80]]])
    split.annotations = ["apus.dev/reached-by": "gateway"]
    let slices = [slice("web", port: 9000, ready: ["127.16.0.1"])]
    let gateway = ForwardedPort.Backend(address: "127.0.0.1", port: 8081)
    let direct = [ForwardedPort.Backend(address: "127.16.0.1", port: 9000)]
    func backends(_ service: KubeObject, _ gateway: ForwardedPort.Backend?) -> [ForwardedPort.Backend]? {
      ServiceEntry(service: service, slices: slices, gateway: gateway).ports.first?.backends
    }
    #expect(backends(split, gateway) == [gateway])
    #expect(backends(split, nil) == direct, "without one the Service still works")
    split.annotations = [:]
    #expect(backends(split, gateway) == direct)
  }

  /// A client that keeps its connection reaches the endpoints of the moment with each request.
  @Test func aKeptConnectionFollowsItsServiceAtTheNextRequest() throws {
    let pool = try LoopbackAddressPool(first: 140)
    defer { withExtendedLifetime(pool) {} }
    let network = "127.\(pool.network)"
    let first = try startNamed("first", on: "\(network).0.1", keepsOpen: true)
    let second = try startNamed("second", on: "\(network).0.2", keepsOpen: true)
    let forwarder = try ServiceForwarder(log: Logger("test"))
    defer { forwarder.close() }
    func port(_ name: String, _ number: Int) -> ForwardedPort {
      ForwardedPort(
        service: ObjectKey(namespace: "default", name: "web"), address: "\(network).128.1", port: 18_081,
        backends: [ForwardedPort.Backend(address: name, port: number)])
    }
    let before = port("\(network).0.1", first.port)
    let after = port("\(network).0.2", second.port)
    forwarder.update(from: [], to: [before])
    let target = try #require(
      SocketAddress(
        literal: "\(network).128.1", port: forwarder.standIns.first?.standIn ?? 18_081))
    let client = try KeptConnection(to: target)
    #expect(try client.say("GET /a HTTP/1.1") == "first")
    #expect(try client.say("GET /b HTTP/1.1") == "first")
    forwarder.update(from: [before], to: [after])
    // The rest of a request stays with its beginning.
    #expect(try client.say("{}") == "first")
    #expect(try client.say("POST /c HTTP/1.1") == "second")
    #expect(try client.say("{}") == "second")
    forwarder.update(from: [after], to: [before])
    #expect(try client.say("POST /d HTTP/1.1") == "first")
    // Each end answers one connection after the other.
    client.close()
    _ = try? ask("\(network).0.1", first.port, "stop")
    _ = try? ask("\(network).0.2", second.port, "stop")
  }

  @Test func twoPoolsHoldDifferentNetworks() throws {
    let first = try LoopbackAddressPool(first: 200)
    let second = try LoopbackAddressPool(first: first.network)
    #expect(first.network != second.network)
    let address = try first.allocate(pod: "a", preferred: nil)
    #expect(address.hasPrefix("127.\(first.network).0."))
    #expect(try first.allocate(pod: "a", preferred: nil) == address)
    #expect(try first.allocate(pod: "b", preferred: address) != address)
    first.release(pod: "a")
    #expect(try first.allocate(pod: "c", preferred: address) == address)
    // Not its own network: a new address is given.
    #expect(try second.allocate(pod: "d", preferred: address).hasPrefix("127.\(second.network)."))
    let taken = try first.allocate(service: service("x", [:]), taken: [])
    #expect(taken == "127.\(first.network).128.1")
    #expect(try first.allocate(service: service("y", [:]), taken: [taken]) == "127.\(first.network).128.2")
  }

  @Test func aNetworkIsFreeAgainWhenItsHolderGoes() async throws {
    var holder: LoopbackAddressPool? = try LoopbackAddressPool(first: 180)
    let network = try #require(holder?.network)
    holder = nil
    // Children of other tests hold it for the moment between fork and exec.
    let isFree = try await eventually { try LoopbackAddressPool(first: network).network == network }
    #expect(isFree)
  }

  @Test func theNetworkOfADataDirectoryIsRemembered() async throws {
    try await withTemporaryFolder { folder in
      let network = try LoopbackAddressPool.open(dataDirectory: folder).network
      let remembered = try Files.read("\(folder)/run/network")
      #expect(remembered == Bytes(String(network).utf8))
      let isTheSame = try await eventually {
        // A network that was held for a moment is written over by the next one: the wish is renewed.
        try Files.writeAtomically(remembered, to: "\(folder)/run/network")
        return try LoopbackAddressPool.open(dataDirectory: folder).network == network
      }
      #expect(isTheSame)
    }
  }

  @Test func aServicePassesConnectionsToAllItsReadyEndpoints() throws {
    let pool = try LoopbackAddressPool(first: 160)
    defer { withExtendedLifetime(pool) {} }
    let network = "127.\(pool.network)"
    let first = try startNamed("first", on: "\(network).0.1")
    let second = try startNamed("second", on: "\(network).0.2")
    let forwarder = try ServiceForwarder(log: Logger("test"))
    defer { forwarder.close() }
    var ports: [ForwardedPort] = []
    func forward(_ backends: [ForwardedPort.Backend]) -> Int {
      let port = ForwardedPort(
        service: ObjectKey(namespace: "default", name: "web"), address: "\(network).128.1", port: 18_080,
        backends: backends)
      forwarder.update(from: ports, to: [port])
      ports = [port]
      return forwarder.standIns.first?.standIn ?? 18_080
    }
    let all = [
      ForwardedPort.Backend(address: "\(network).0.1", port: first.port),
      ForwardedPort.Backend(address: "\(network).0.2", port: second.port),
    ]
    let port = forward(all)
    /// Who answers; asks on until both have, as a connection that is just ending still counts as load.
    func answers() throws -> Set<String> {
      var seen: Set<String> = []
      for _ in 0..<1000 where seen.count < 2 { seen.insert(try ask("\(network).128.1", port)) }
      return seen
    }
    #expect(try answers() == ["first", "second"])
    // An endpoint that refuses is passed over for the next one.
    _ = forward([ForwardedPort.Backend(address: "\(network).0.7", port: 9)] + all)
    #expect(try answers() == ["first", "second"])
    _ = forward([])
    #expect(try ask("\(network).128.1", port) == "")
    forwarder.update(from: ports, to: [])
    #expect(forwarder.standIns.isEmpty)
    #expect(throws: LinuxError.self) { _ = try ask("\(network).128.1", port) }
    _ = try? ask("\(network).0.1", first.port, "stop")
    _ = try? ask("\(network).0.2", second.port, "stop")
  }
}
