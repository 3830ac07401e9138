import APIServer
import Basics
import Formats
import Gateway
import HTTPTransport
import HTTPWire
import KubeClient
import KubeProtocol
import KubeStore
import Linux
import Synchronization

/// A gateway over an API server in process, with a client; everything on loopback.
final class GatewayFixture: Sendable {
  let api: APIServer
  let group: EventLoopGroup
  let gateway: Gateway
  let address: ListenAddress
  let client: HTTPClient
  private let informers: SharedInformers
  private let tasks: [Task<Void, Never>]

  /// - Parameters:
  ///   - endpointWait: zero answers 503 at once.
  ///   - sink: gets the load reports.
  init(
    endpointWait: Duration = .zero, sink: (any LoadReportSink)? = nil,
    configure: (inout GatewayConfiguration) -> Void = { _ in }
  ) async throws {
    api = APIServer(store: MemoryStore())
    try await api.start()
    let kube = api.client
    var gatewayClass = KubeObject(.gatewayClasses, name: "apus")
    gatewayClass.spec = ["controllerName": "apus.dev/gateway-controller"]
    try await kube.create(.gatewayClasses, gatewayClass)
    var object = RouteObjects.gateway(namespace: "default")
    object.metadata = ["name": "gw", "namespace": "default"]
    try await kube.create(.gateways, object)

    group = try EventLoopGroup(loops: 2, name: "gateway")
    let informers = SharedInformers(client: kube)
    var configuration = GatewayConfiguration(port: 0)
    configuration.endpointWait = endpointWait
    configure(&configuration)
    self.informers = informers
    let gateway = Gateway(configuration: configuration, client: kube, informers: informers, group: group)
    self.gateway = gateway
    address = try gateway.listen()[0]
    client = HTTPClient(group: group)
    tasks = [Task { await informers.run() }, Task { await gateway.run(reportingTo: sink) }]
    try await gateway.waitUntilLive()
  }

  /// Only the gateway; returns once its requests have ended.
  func stopGateway() async {
    tasks[1].cancel()
    await tasks[1].value
  }

  func shutDown() async {
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    await api.stop()
    await group.shutdown()
  }

  // MARK: objects

  /// A service whose pods listen where `upstreams` do.
  func addService(_ name: String, _ upstreams: [Upstream], annotations: [String: String] = [:]) async throws {
    var service = RouteObjects.service(name)
    service.annotations = annotations
    try await api.client.create(.services, service)
    for upstream in upstreams { try await addEndpoint(of: name, upstream.address) }
  }

  /// Returns once the gateway has heard of it: routes come by another watch, and may overtake it.
  func addEndpoint(of service: String, _ address: ListenAddress) async throws {
    let slice = try await api.client.create(
      .endpointSlices,
      RouteObjects.slice(
        service, addresses: [(address.host, true)], port: address.port, name: Self.sliceName(service, address)
      ))
    let slices = informers.informer(.endpointSlices)
    while !slices.hasObserved(slice.resourceVersion), !Task.isCancelled { await Task.yield() }
  }

  private static func sliceName(_ service: String, _ address: ListenAddress) -> String {
    "\(service)-\(address.host)-\(address.port)"
  }

  func removeEndpoint(of service: String, _ address: ListenAddress) async throws {
    try await api.client.delete(.endpointSlices, namespace: "default", name: Self.sliceName(service, address))
  }

  /// Creates a route and returns once its status says that it is in use, with the services that are there.
  func addRoute(_ name: String, hostnames: [String], rules: [JSONValue]) async throws {
    var route = RouteObjects.route(
      name, hostnames: hostnames, rules: rules, parents: [["name": "gw", "namespace": "default"]])
    route.metadata = ["name": .string(name), "namespace": "default"]
    let created = try await api.client.create(.httpRoutes, route)
    let services = Set(try await api.client.list(.services, namespace: "default").items.map(\.name))
    let backends = rules.flatMap { $0["backendRefs"]?.array ?? [] }
    let areThere = backends.allSatisfy { services.contains($0["name"]?.string ?? "") }
    let events = try await api.client.watch(
      .httpRoutes, namespace: "default", fieldSelector: "metadata.name=\(name)",
      resourceVersion: created.resourceVersion)
    for try await event in events {
      let conditions = event.object.status?["parents"]?[0]?["conditions"]?.array ?? []
      let isLate = areThere && conditions.contains { $0["reason"] == "BackendNotFound" }
      if !conditions.isEmpty, !isLate { return }
    }
  }

  func removeRoute(_ name: String) async throws {
    try await api.client.delete(.httpRoutes, namespace: "default", name: name)
  }

  // MARK: requests

  func send(
    _ host: String, _ path: String = "/", method: String = "GET", body: Bytes = [],
    timeout: Duration = .seconds(30)
  ) async throws -> HTTPClientResponse {
    try await client.send(
      HTTPClientRequest(
        method: method, url: "http://\(host)\(path)", body: body, timeout: timeout, connectTo: address))
  }

  /// A bare connection to the gateway, for clients that misbehave.
  func connect() throws -> Socket {
    guard let target = SocketAddress(literal: address.host, port: address.port) else {
      throw LinuxError.addressNotAvailable("connect", address.description)
    }
    return try Socket.connect(to: target)
  }

  func text(_ host: String, _ path: String = "/") async throws -> String {
    String(decoding: try await send(host, path).body, as: UTF8.self)
  }
}

/// A server behind the gateway.
final class Upstream: Sendable {
  let address: ListenAddress
  private let server: HTTPServer
  private let group: EventLoopGroup

  private static let addresses = Atomic<Int>(0)

  /// On a loopback address that no other server has: its port stays dead once it is shut down.
  init(handler: HTTPServerHandler) throws {
    let number = Self.addresses.wrappingAdd(1, ordering: .relaxed).newValue
    group = try EventLoopGroup(loops: 1, name: "upstream")
    server = HTTPServer(group: group, handler: handler)
    address = try server.listen([
      ListenAddress(host: "127.9.\(number / 250).\(number % 250 + 1)", port: 0)
    ])[0]
  }

  /// - Parameter respond: answers every request.
  convenience init(_ respond: @escaping @Sendable (AsyncHTTPRequest) async -> AsyncHTTPResponse) throws {
    try self.init(handler: .async(Handler(body: respond)))
  }

  /// Answers its name.
  convenience init(named name: String) throws {
    try self.init { _ in
      AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes(Array(name.utf8)))
    }
  }

  func shutDown(drain: Duration = .seconds(10)) async {
    await server.drain(timeout: drain)
    await group.shutdown()
  }

  private struct Handler: AsyncHTTPHandler {
    let body: @Sendable (AsyncHTTPRequest) async -> AsyncHTTPResponse
    func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse { await body(request) }
  }
}
