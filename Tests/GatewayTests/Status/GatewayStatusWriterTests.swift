import APIServer
import Basics
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import KubeTestSupport
import Linux
import Synchronization
import Testing

@testable import Gateway

/// Every write of a status may fail, and the copies may be old: in the end the statuses stand.
@Suite(.timeLimit(.minutes(5))) struct GatewayStatusWriterTests {
  /// A writer over an API server in process, with a class, a gateway and a route to write about.
  private struct Bench: Sendable {
    static let controller = "apus.dev/gateway-controller"

    let client: KubeClient
    let transport: FaultyTransport
    let sources: GatewaySources
    let writer: GatewayStatusWriter

    /// Tells the writer what the objects mean as they are now.
    func report() {
      var compiler = GatewayCompiler()
      var update = GatewayUpdate()
      update.gateways = sources.gateways.list()
      update.services[ObjectKey(namespace: "default", name: "s")] = .init(object: RouteObjects.service("s"))
      for route in sources.routes.list() { update.routes[route.key] = route }
      writer.report(compiler.compile(update))
    }

    static let written: [(resource: KubeResource, namespace: String?, name: String)] = [
      (.httpRoutes, "default", "r"), (.gateways, "default", "gw"), (.gatewayClasses, nil, "apus"),
    ]

    /// Those of the three whose status says something of this generation.
    func settled() async throws -> Set<String> {
      var found: Set<String> = []
      for (resource, namespace, name) in Self.written {
        let object = try await client.get(resource, namespace: namespace, name: name)
        let conditions =
          resource == .httpRoutes
          ? object.status?["parents"]?[0]?["conditions"] : object.status?["conditions"]
        let accepted = conditions?.array?.first { $0["type"] == "Accepted" }
        if accepted?["status"] == "True", accepted?["observedGeneration"]?.int == object.generation {
          found.insert(resource.plural)
        }
      }
      return found
    }

    func wait(for plurals: Set<String>) async throws {
      while try await !settled().isSuperset(of: plurals) {
        try Task.checkCancellation()
        await Task.yield()
      }
    }

    static let all: Set<String> = ["httproutes", "gateways", "gatewayclasses"]
  }

  /// Never waits: what is tried again is tried at once.
  private struct ImpatientClock: SleepingClock {
    func now() -> Timestamp { SystemClock().now() }
    func monotonicNow() -> Duration { SystemClock().monotonicNow() }
    func sleep(for duration: Duration) async throws {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  private func run(
    plan: FaultyTransport.Plan? = nil, _ body: @escaping @Sendable (Bench) async throws -> Void
  ) async throws {
    let server = APIServer(store: MemoryStore())
    try await server.start()
    let client = server.client
    var gatewayClass = KubeObject(.gatewayClasses, name: "apus")
    gatewayClass.spec = ["controllerName": .string(Bench.controller)]
    try await client.create(.gatewayClasses, gatewayClass)
    var gateway = RouteObjects.gateway(namespace: "default")
    gateway.metadata = ["name": "gw", "namespace": "default"]
    try await client.create(.gateways, gateway)
    var route = RouteObjects.route(
      "r", hostnames: ["h"], rules: [RouteObjects.rule(to: "s")], parents: [["name": "gw"]])
    route.metadata = ["name": "r", "namespace": "default"]
    try await client.create(.httpRoutes, route)

    let transport = FaultyTransport(server)
    transport.setPlan(plan)
    let faulty = KubeClient(transport)
    let informers = SharedInformers(client: faulty)
    let sources = GatewaySources(
      informers: informers, controllerName: Bench.controller, className: "apus")
    let bench = Bench(
      client: client, transport: transport, sources: sources,
      writer: GatewayStatusWriter(
        client: faulty, sources: sources, controllerName: Bench.controller, clock: ImpatientClock()))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await informers.run() }
      group.addTask { await bench.writer.run() }
      try await sources.waitUntilSynced()
      bench.writer.publish(addresses: ["127.0.0.1"])
      try await body(bench)
      group.cancelAll()
      try await group.waitForAll()
    }
    await server.stop()
  }

  /// The first `count` writes of a status of this kind fail.
  private static func failing(
    _ plural: String, _ count: Int, _ fault: FaultyTransport.Fault
  ) -> (plan: FaultyTransport.Plan, left: @Sendable () -> Int) {
    let left = Shared(count)
    return (
      { request in
        guard request.method == "PUT", request.path.contains("/\(plural)/") else { return nil }
        return left.take() ? fault : nil
      }, { left.count }
    )
  }

  private final class Shared: Sendable {
    private let state: Mutex<Int>
    init(_ count: Int) { state = Mutex(count) }
    var count: Int { state.withLock { max(0, $0) } }
    func take() -> Bool {
      state.withLock {
        $0 -= 1
        return $0 >= 0
      }
    }
  }

  static let faults: [(name: String, fault: FaultyTransport.Fault, count: Int)] = [
    ("conflict", .refuse(KubeError(.conflict, "planted")), 1),
    ("conflicts", .refuse(KubeError(.conflict, "planted")), 5),
    ("server error", .refuse(KubeError(.internalError, "planted")), 1),
    ("server errors", .refuse(KubeError(.internalError, "planted")), 4),
    ("too many requests", .refuse(KubeError(.tooManyRequests, "planted")), 2),
    ("forbidden", .refuse(KubeError(.forbidden, "planted")), 2),
    ("lost answer", .loseAnswer, 2),
  ]

  @Test(arguments: ["httproutes", "gateways", "gatewayclasses"], faults.indices)
  func whatFailsIsWrittenInTheEnd(_ plural: String, _ index: Int) async throws {
    let (_, fault, count) = Self.faults[index]
    let (plan, left) = Self.failing(plural, count, fault)
    try await run(plan: plan) { bench in
      bench.report()
      try await bench.wait(for: Bench.all)
      #expect(left() < count, "it did fail")
    }
  }

  /// An answer that says so is believed: the next report finds it again, if it is there after all.
  @Test(arguments: ["httproutes", "gateways", "gatewayclasses"])
  func whatIsGoneHoldsNothingUp(_ plural: String) async throws {
    let (plan, left) = Self.failing(plural, 1, .refuse(KubeError(.notFound, "planted")))
    try await run(plan: plan) { bench in
      bench.report()
      try await bench.wait(for: Bench.all.subtracting([plural]))
      try await Self.waitUntilHeard { left() == 0 }
      bench.report()
      try await bench.wait(for: Bench.all)
    }
  }

  @Test func aRouteThatIsReallyGoneIsForgotten() async throws {
    try await run { bench in
      bench.report()
      try await bench.wait(for: Bench.all)
      try await bench.client.delete(.httpRoutes, namespace: "default", name: "r")
      try await Self.waitUntilHeard { bench.sources.routes.list().isEmpty }
      bench.report()
      var attached: Int64? = 1
      while attached != 0 {
        try Task.checkCancellation()
        let gateway = try await bench.client.get(.gateways, namespace: "default", name: "gw")
        attached = gateway.status?["listeners"]?[0]?["attachedRoutes"]?.int
        await Task.yield()
      }
      #expect(try await bench.client.find(.httpRoutes, namespace: "default", name: "r") == nil)
    }
  }

  /// Copies that lag behind because their watch was cut: nothing is written from an old form.
  @Test(arguments: [0, 1, 2])
  func aCutWatchOnlyDelays(_ events: Int) async throws {
    let left = Shared(6)
    try await run(plan: { request in
      request.queryValue("watch") != nil && request.path.contains("routes") && left.take()
        ? .cutWatch(after: events) : nil
    }) { bench in
      bench.report()
      try await bench.wait(for: Bench.all)
      for number in 1...3 {
        var route = try await bench.client.get(.httpRoutes, namespace: "default", name: "r")
        route.spec?["hostnames"] = [.string("h\(number)")]
        let written = try await bench.client.update(.httpRoutes, route)
        try await Self.waitUntilHeard {
          bench.sources.routes.get(written.key)?.generation == written.generation
        }
        bench.report()
        try await bench.wait(for: Bench.all)
      }
    }
  }

  private static func waitUntilHeard(_ isTrue: @Sendable () -> Bool) async throws {
    while !isTrue() {
      try Task.checkCancellation()
      await Task.yield()
    }
  }
}
