import Formats
import HTTPTransport
import KubeProtocol
import Testing

@testable import Gateway

struct ServiceCatalogTests {
  private func backend(
    services: [KubeObject], slices: [KubeObject], port: Int64? = 80, kind: String = "Service",
    namespace: String = "default"
  ) -> Backend {
    var catalog = ServiceCatalog()
    let update = RouteObjects.update([], services: services, slices: slices)
    for (key, state) in update.services { _ = catalog.update(key, state) }
    return catalog.backend(
      BackendReference(group: "", kind: kind, namespace: namespace, name: "s", port: port, weight: 1),
      of: ObjectKey(namespace: "default", name: "route"))
  }

  @Test func takesReadyAddressesOfTheServicesPort() {
    let slices = [
      RouteObjects.slice("s", addresses: [("127.1.0.2", true), ("127.1.0.3", false), ("127.1.0.4", nil)]),
      RouteObjects.slice("s", addresses: [("127.1.0.2", true), ("127.1.0.5", true)], name: "s-2"),
      RouteObjects.slice("s", addresses: [("127.1.0.6", true)], port: 9000, portName: "metrics", name: "s-3"),
      RouteObjects.slice("other", addresses: [("127.1.0.7", true)]),
      RouteObjects.slice("s", addresses: [("127.1.0.8", true)], namespace: "elsewhere"),
    ]
    let found = backend(services: [RouteObjects.service("s")], slices: slices)
    #expect(found.problem == nil)
    #expect(
      found.endpoints.map(\.upstream.address) == [
        ListenAddress(host: "127.1.0.2", port: 8080), ListenAddress(host: "127.1.0.4", port: 8080),
        ListenAddress(host: "127.1.0.5", port: 8080),
      ])
  }

  @Test func aPortWithoutANameMatchesASliceWithoutOne() {
    let service = RouteObjects.service("s", ports: [["port": 80]])
    let slice = RouteObjects.slice("s", addresses: [("127.1.0.2", true)], portName: "")
    #expect(backend(services: [service], slices: [slice]).endpoints.count == 1)
  }

  @Test(
    "references that lead nowhere say why",
    arguments: [
      (80, "Service", "default", false, "BackendNotFound", "service default/s does not exist"),
      (81, "Service", "default", true, "BackendNotFound", "service default/s has no port 81; it has 80"),
      (
        nil, "Service", "default", true, "BackendNotFound", "the reference to service default/s names no port"
      ),
      (
        80, "Bucket", "default", true, "InvalidKind",
        "backend Bucket default/s cannot be routed to: only Services can"
      ),
      (
        80, "Service", "other", true, "RefNotPermitted",
        "service other/s is in another namespace than the route, which needs a ReferenceGrant; move the route"
      ),
    ] as [(Int64?, String, String, Bool, String, String)])
  func problems(
    port: Int64?, kind: String, namespace: String, exists: Bool, reason: String, message: String
  ) {
    let found = backend(
      services: exists ? [RouteObjects.service("s")] : [], slices: [], port: port, kind: kind,
      namespace: namespace)
    #expect(found.problem == Backend.ReferenceProblem(reason: reason, message: message))
  }

  @Test func theLeastLoadedEndpointIsTaken() throws {
    var registry = EndpointRegistry()
    let endpoints = (1...3).map { registry.endpoint(ListenAddress(host: "127.1.0.\($0)", port: 1)) }
    let backend = Backend(service: ObjectKey(namespace: "n", name: "s"), port: 80, endpoints: endpoints)
    endpoints[0].begin()
    endpoints[1].begin()
    endpoints[1].begin()
    for turn in 0..<6 { #expect(backend.leastLoaded(turn: turn) === endpoints[2]) }
    #expect(backend.leastLoaded(turn: 0, avoiding: [endpoints[2]]) === endpoints[0])
    #expect(backend.leastLoaded(turn: 0, avoiding: [endpoints[2], endpoints[0]]) === endpoints[1])
    #expect(backend.leastLoaded(turn: 0, avoiding: endpoints) == nil)
    endpoints[0].end()
    endpoints[1].end()
    endpoints[1].end()
    #expect(Set((0..<3).map { backend.leastLoaded(turn: $0).map(ObjectIdentifier.init) }).count == 3)
  }

  @Test func oneGoodEndpointIsFoundAmongManyThatFailed() {
    var registry = EndpointRegistry()
    let endpoints = (1...40).map { registry.endpoint(ListenAddress(host: "127.1.0.\($0)", port: 1)) }
    let backend = Backend(service: ObjectKey(namespace: "n", name: "s"), port: 80, endpoints: endpoints)
    let failed = Array(endpoints.dropLast())
    for turn in 0..<40 { #expect(backend.leastLoaded(turn: turn, avoiding: failed) === endpoints[39]) }
  }

  @Test func terminatingEndpointsAreLeftOutWhateverElseTheySay() {
    var slice = RouteObjects.slice("s", addresses: [("127.1.0.2", true)])
    slice["endpoints"] = [
      ["addresses": ["127.1.0.2"], "conditions": ["ready": true, "serving": true, "terminating": false]],
      ["addresses": ["127.1.0.3"], "conditions": ["ready": true, "serving": true, "terminating": true]],
      ["addresses": ["127.1.0.4"], "conditions": ["serving": true, "terminating": true]],
      ["addresses": ["127.1.0.5"], "conditions": ["ready": false, "terminating": true]],
    ]
    let found = backend(services: [RouteObjects.service("s")], slices: [slice])
    #expect(found.endpoints.map(\.upstream.address.host) == ["127.1.0.2"])
  }

  private func backend(_ addresses: [Int], in registry: inout EndpointRegistry) -> Backend {
    let endpoints = addresses.map { registry.endpoint(ListenAddress(host: "127.1.0.\($0)", port: 1)) }
    let backend = Backend(
      service: ObjectKey(namespace: "n", name: "s"), port: 80, endpoints: endpoints)
    registry.retain(backend)
    return backend
  }

  @Test func aRoundTellsWhichAddressesHaveGone() {
    var registry = EndpointRegistry()
    let both = backend([1, 2], in: &registry)
    #expect(registry.finishRound() == [])
    let second = backend([2], in: &registry)
    registry.release(both)
    #expect(registry.finishRound() == [both.endpoints[0].upstream])
    registry.release(second)
    #expect(registry.finishRound() == [second.endpoints[0].upstream])
    #expect(registry.finishRound() == [])
  }

  @Test func countsSurviveAChangeOfTables() {
    var registry = EndpointRegistry()
    let first = backend([1], in: &registry)
    let second = backend([1], in: &registry)
    registry.release(first)
    _ = registry.finishRound()
    #expect(second.endpoints[0] === first.endpoints[0])
    registry.release(second)
    _ = registry.finishRound()
    #expect(backend([1], in: &registry).endpoints[0] !== first.endpoints[0])
  }
}
