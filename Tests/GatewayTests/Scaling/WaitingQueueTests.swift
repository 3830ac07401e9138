import HTTPTransport
import KubeProtocol
import Testing

@testable import Gateway

struct WaitingQueueTests {
  /// A loop that nothing runs on.
  private func withLoop(_ body: (GatewayLoop) throws -> Void) async throws {
    let group = try EventLoopGroup(loops: 1, name: "waiting")
    let loop = GatewayLoop(
      group.loops[0], configuration: GatewayConfiguration(port: 0), loopCount: 1,
      random: FixedRandom(value: 7),
      wake: {})
    try body(loop)
    await group.shutdown()
  }

  @Test func whoCameFirstIsServedFirst() async throws {
    try await withLoop { loop in
      let queue = WaitingQueue()
      let places = (0..<5).map { _ in queue.enter(loop, limit: 10) }
      #expect(places.map { $0?.isFirst } == [true, false, false, false, false])
      #expect(queue.count == 5)
      let tickets = places.compactMap { $0?.ticket }
      queue.leave(tickets[1])
      queue.leave(tickets[1])
      #expect(queue.count == 4)
      #expect(
        (0..<5).map { _ in queue.next()?.ticket } == [tickets[0], tickets[2], tickets[3], tickets[4], nil])
      #expect(queue.count == 0)
    }
  }

  @Test func aFullQueueTakesNobodyUntilSomebodyLeaves() async throws {
    try await withLoop { loop in
      let queue = WaitingQueue()
      let first = try #require(queue.enter(loop, limit: 2))
      #expect(queue.enter(loop, limit: 2) != nil)
      #expect(queue.enter(loop, limit: 2) == nil)
      queue.leave(first.ticket)
      #expect(queue.enter(loop, limit: 2) != nil)
    }
  }

  @Test func manyWhoComeAndGoLeaveNothingBehind() async throws {
    try await withLoop { loop in
      let queue = WaitingQueue()
      let patient = try #require(queue.enter(loop, limit: 10))
      for _ in 0..<10_000 {
        let place = try #require(queue.enter(loop, limit: 10))
        queue.leave(place.ticket)
      }
      #expect(queue.count == 1)
      #expect(queue.next()?.ticket == patient.ticket)
      #expect(queue.next() == nil)
    }
  }

  @Test func whatIsPutBackStandsInFrontAgain() async throws {
    try await withLoop { loop in
      let queue = WaitingQueue()
      let tickets = (0..<4).compactMap { _ in queue.enter(loop, limit: 10)?.ticket }
      let taken = (0..<2).compactMap { _ in queue.next() }
      queue.putBack(taken)
      #expect(queue.count == 4)
      #expect((0..<4).map { _ in queue.next()?.ticket } == tickets)
    }
  }
}

struct EndpointPlaceTests {
  private let service = ObjectKey(namespace: "n", name: "s")

  private func endpoints(_ count: Int) -> [Endpoint] {
    var registry = EndpointRegistry()
    return (1...count).map { registry.endpoint(ListenAddress(host: "127.1.0.\($0)", port: 1)) }
  }

  @Test func noEndpointGetsMoreThanItMayHave() {
    let backend = Backend(service: service, port: 80, endpoints: endpoints(20), endpointLimit: 2)
    for turn in 0..<40 { #expect(backend.reserve(turn: turn &* 7) != nil) }
    #expect(backend.reserve(turn: 0) == nil)
    #expect(backend.endpoints.allSatisfy { $0.inFlight == 2 })
    backend.endpoints[13].end()
    #expect(backend.reserve(turn: 0) === backend.endpoints[13])
  }

  @Test func withoutALimitThereIsAlwaysAPlace() {
    let backend = Backend(service: service, port: 80, endpoints: endpoints(1))
    for turn in 0..<1000 { #expect(backend.reserve(turn: turn) != nil) }
  }

  @Test func anEndpointThatFailedIsNoPlace() {
    let all = endpoints(2)
    let backend = Backend(service: service, port: 80, endpoints: all, endpointLimit: 1)
    #expect(backend.reserve(turn: 0, avoiding: [all[0]]) === all[1])
    #expect(backend.reserve(turn: 0, avoiding: [all[0]]) == nil)
  }

  @Test func gatesLiveAsLongAsABackendNamesThem() {
    var registry = EndpointRegistry(loops: 2)
    func backend(_ port: Int64, _ registry: inout EndpointRegistry) -> Backend {
      Backend(
        service: service, port: port, endpoints: [],
        gate: registry.gate(.init(service: service, port: port)))
    }
    let first = backend(80, &registry)
    registry.retain(first)
    let second = backend(80, &registry)
    registry.retain(second)
    registry.release(first)
    _ = registry.finishRound()
    #expect(second.gate === first.gate)
    #expect(backend(81, &registry).gate !== first.gate)
    registry.release(second)
    _ = registry.finishRound()
    #expect(backend(80, &registry).gate !== first.gate)
  }

  @Test(arguments: [
    ("requests", "0", true, 0, true), ("requests", "5", true, 5, true), ("hpa", "5", false, 5, true),
    ("hpa", "0", false, 0, false), ("hpa", "-3", false, 0, false), ("hpa", "many", false, 0, false),
    ("", "99999999999999", false, 0, false),
  ])
  func servicesSayHowTheyAreScaled(
    scaledBy: String, limit: String, isScaled: Bool, places: Int, hasGate: Bool
  ) {
    var object = RouteObjects.service("s")
    object.annotations = ["apus.dev/scaled-by": scaledBy, "apus.dev/container-concurrency": limit]
    var catalog = ServiceCatalog()
    _ = catalog.update(object.key, GatewayUpdate.ServiceState(object: object))
    let backend = catalog.backend(
      BackendReference(group: "", kind: "Service", namespace: "default", name: "s", port: 80, weight: 1),
      of: ObjectKey(namespace: "default", name: "route"))
    #expect(backend.isScaledByRequests == isScaled)
    #expect(backend.endpointLimit == places)
    #expect((backend.gate != nil) == hasGate)
    #expect(catalog.finishRound(touched: []).gates.count == (hasGate ? 1 : 0))
  }
}
