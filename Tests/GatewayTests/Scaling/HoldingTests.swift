import Basics
import Formats
import HTTPTransport
import HTTPWire
import KubeProtocol
import ServingAPI
import Synchronization
import Linux
import Testing

@testable import Gateway

/// Requests for Services whose pods start only when they come, with upstreams in process.
@Suite(.timeLimit(.minutes(2)))
struct HoldingTests {
  /// Takes reports and lets tests wait for one.
  private final class Reports: LoadReportSink {
    private let all: AsyncStream<LoadReport>
    private let source: AsyncStream<LoadReport>.Continuation

    init() { (all, source) = AsyncStream.makeStream() }

    func receive(_ report: LoadReport) async { source.yield(report) }

    /// The first load of the service that fits.
    func first(of service: String, _ fits: (LoadReport.ServiceLoad) -> Bool) async -> LoadReport.ServiceLoad?
    {
      for await report in all {
        if let load = report.loads.first(where: { $0.service.name == service && fits($0) }) { return load }
      }
      return nil
    }
  }

  private struct Setup {
    var fixture: GatewayFixture
    var reports: Reports
  }

  private func setup(
    limit: Int = 0, timeout: String? = nil, scaledBy: String = "requests",
    _ configure: (inout GatewayConfiguration) -> Void = { _ in }
  ) async throws -> Setup {
    let reports = Reports()
    let fixture = try await GatewayFixture(sink: reports, configure: configure)
    try await fixture.addService(
      "s", [],
      annotations: ["apus.dev/scaled-by": scaledBy, "apus.dev/container-concurrency": "\(limit)"])
    var rule = RouteObjects.rule(to: "s")
    if let timeout { rule["timeouts"] = ["request": .string(timeout)] }
    try await fixture.addRoute("r", hostnames: ["h"], rules: [rule])
    return Setup(fixture: fixture, reports: reports)
  }

  @Test func aRequestWaitsForTheFirstPod() async throws {
    let setup = try await setup { $0.reportInterval = .seconds(3600) }
    let upstream = try Upstream(named: "awake")
    async let answer = setup.fixture.send(
      "h", "/v1/models/m:predict", method: "POST", body: Bytes("body".utf8))
    // Told at once, long before the next report is due.
    let load = await setup.reports.first(of: "s") { $0.waiting > 0 }
    #expect(load?.arrivals == 1)
    #expect(load?.inFlight == 1)
    try await setup.fixture.addEndpoint(of: "s", upstream.address)
    let response = try await answer
    #expect(response.head.status == 200)
    #expect(String(decoding: response.body, as: UTF8.self) == "awake")
    await upstream.shutDown()
    await setup.fixture.shutDown()
  }

  @Test func everyRequestThatWaitedIsAnsweredWithItsOwnBody() async throws {
    let setup = try await setup { $0.reportInterval = .milliseconds(20) }
    let upstream = try Upstream { request in
      AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes(request.body))
    }
    let fixture = setup.fixture
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<200 {
        group.addTask {
          let body = Bytes("request \(number) ".utf8) + Bytes(repeating: 7, count: number * 100)
          let response = try await fixture.send("h", "/x:predict", method: "POST", body: body)
          return response.head.status == 200 && response.body == body
        }
      }
      _ = await setup.reports.first(of: "s") { $0.waiting == 200 }
      try await fixture.addEndpoint(of: "s", upstream.address)
      for try await isRight in group { #expect(isRight) }
    }
    await upstream.shutDown()
    await fixture.shutDown()
  }

  @Test func aFullQueueRefusesAtOnceAndServesThoseInIt() async throws {
    let setup = try await setup {
      $0.waitingLimit = 3
      $0.reportInterval = .milliseconds(20)
    }
    let fixture = setup.fixture
    let waiting = (0..<3).map { _ in Task { try await fixture.send("h") } }
    _ = await setup.reports.first(of: "s") { $0.waiting == 3 }
    let refused = try await fixture.send("h")
    #expect(refused.head.status == 503)
    #expect(refused.head.headers["Retry-After"] == "1")
    #expect(String(decoding: refused.body, as: UTF8.self).contains("QueueFull"))
    let upstream = try Upstream(named: "awake")
    try await fixture.addEndpoint(of: "s", upstream.address)
    for task in waiting { #expect(try await task.value.head.status == 200) }
    await upstream.shutDown()
    await fixture.shutDown()
  }

  @Test func bodiesOfWaitingRequestsAreBoundedTogether() async throws {
    let setup = try await setup { $0.waitingBytes = 2000 }
    let response = try await setup.fixture.send("h", method: "POST", body: Bytes(repeating: 1, count: 5000))
    #expect(response.head.status == 503)
    #expect(String(decoding: response.body, as: UTF8.self).contains("QueueFull"))
    await setup.fixture.shutDown()
  }

  @Test(
    "a request that waited in vain says so",
    arguments: [("150ms", Duration.seconds(300)), (nil, .milliseconds(150))] as [(String?, Duration)])
  func waitedInVain(timeout: String?, activation: Duration) async throws {
    let setup = try await setup(timeout: timeout) { $0.activationTimeout = activation }
    let response = try await setup.fixture.send("h")
    #expect(response.head.status == 503)
    #expect(response.head.headers["Retry-After"] == "1")
    let text = String(decoding: response.body, as: UTF8.self)
    #expect(text.contains("ActivationTimeout"))
    #expect(text.contains("no pod of service default/s became ready within 0.15 seconds"))
    await setup.fixture.shutDown()
  }

  @Test func aClientThatGoesAwayLeavesItsPlace() async throws {
    let setup = try await setup {
      $0.waitingLimit = 1
      $0.reportInterval = .milliseconds(20)
    }
    let fixture = setup.fixture
    do {
      let impatient = try fixture.connect()
      _ = Bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8).withUnsafeBytes { impatient.send($0) }
      _ = await setup.reports.first(of: "s") { $0.waiting == 1 }
      impatient.shutdownSending()
    }
    // Its place is free once the gateway has seen it go: without that the next one would be refused.
    _ = await setup.reports.first(of: "s") { $0.inFlight == 0 }
    let upstream = try Upstream(named: "awake")
    let next = Task { try await fixture.send("h").head.status }
    _ = await setup.reports.first(of: "s") { $0.waiting == 1 }
    try await fixture.addEndpoint(of: "s", upstream.address)
    #expect(try await next.value == 200)
    await upstream.shutDown()
    await fixture.shutDown()
  }

  @Test func whatIsNotScaledByRequestsDoesNotWait() async throws {
    let setup = try await setup(scaledBy: "hpa")
    let response = try await setup.fixture.send("h")
    #expect(response.head.status == 503)
    #expect(String(decoding: response.body, as: UTF8.self).contains("NoReadyEndpoint"))
    await setup.fixture.shutDown()
  }

  @Test func aRouteThatGoesAnswersWhoWaitedForIt() async throws {
    let setup = try await setup()
    let fixture = setup.fixture
    async let answer = fixture.send("h")
    _ = await setup.reports.first(of: "s") { $0.waiting == 1 }
    try await fixture.removeRoute("r")
    #expect(try await answer.head.status == 404)
    await fixture.shutDown()
  }

  @Test func stoppingAnswersWhoWaits() async throws {
    let setup = try await setup()
    let fixture = setup.fixture
    let answer = Task { try await fixture.send("h") }
    _ = await setup.reports.first(of: "s") { $0.waiting == 1 }
    await fixture.stopGateway()
    let response = try await answer.value
    #expect(response.head.status == 503)
    #expect(String(decoding: response.body, as: UTF8.self).contains("Stopping"))
    await fixture.shutDown()
  }

  // MARK: containerConcurrency

  /// Answers when told to; remembers how many it had at a time.
  private final class Counting: Sendable {
    private let state = Mutex((current: 0, most: 0))
    var most: Int { state.withLock { $0.most } }

    func upstream() throws -> Upstream {
      try Upstream { _ in
        self.state.withLock {
          $0.current += 1
          $0.most = max($0.most, $0.current)
        }
        for _ in 0..<50 { await Task.yield() }
        self.state.withLock { $0.current -= 1 }
        return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes([]))
      }
    }
  }

  @Test(arguments: [("requests", 1), ("requests", 3), ("hpa", 2)])
  func noPodGetsMoreThanItsConcurrency(scaledBy: String, limit: Int) async throws {
    let setup = try await setup(limit: limit, scaledBy: scaledBy)
    let fixture = setup.fixture
    let counters = [Counting(), Counting()]
    let upstreams = try counters.map { try $0.upstream() }
    for upstream in upstreams { try await fixture.addEndpoint(of: "s", upstream.address) }
    try await fixture.addService("marker", [upstreams[0]])
    try await fixture.addRoute("marker", hostnames: ["marker"], rules: [RouteObjects.rule(to: "marker")])
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<16 {
        group.addTask {
          var failures = 0
          for _ in 0..<25 where try await fixture.send("h").head.status != 200 { failures += 1 }
          return failures
        }
      }
      for try await failures in group { #expect(failures == 0) }
    }
    for counter in counters { #expect((1...limit).contains(counter.most)) }
    for upstream in upstreams { await upstream.shutDown() }
    await fixture.shutDown()
  }

  @Test func aPlaceThatDoesNotComeInTimeIsTold() async throws {
    let setup = try await setup(limit: 1) { $0.activationTimeout = .milliseconds(200) }
    let fixture = setup.fixture
    let release = Latch()
    let (entered, arrivals) = AsyncStream.makeStream(of: Void.self)
    let upstream = try Upstream { _ in
      arrivals.yield()
      try? await release.wait()
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes([]))
    }
    try await fixture.addEndpoint(of: "s", upstream.address)
    // Once this route is in use the endpoint is too: the first request need not wait.
    try await fixture.addService("marker", [upstream])
    try await fixture.addRoute("marker", hostnames: ["marker"], rules: [RouteObjects.rule(to: "marker")])
    let first = Task { try await fixture.send("h") }
    var iterator = entered.makeAsyncIterator()
    await iterator.next()
    let second = try await fixture.send("h")
    #expect(second.head.status == 503)
    #expect(String(decoding: second.body, as: UTF8.self).contains("ConcurrencyLimit"))
    release.open()
    // The limit of the wait is none of the answer.
    #expect(try await first.value.head.status == 200)
    await upstream.shutDown()
    await fixture.shutDown()
  }

  @Test func loadIsCountedFromArrivalToTheEndOfTheAnswer() async throws {
    let setup = try await setup { $0.reportInterval = .milliseconds(20) }
    let fixture = setup.fixture
    let release = Latch()
    let (entered, arrivals) = AsyncStream.makeStream(of: Void.self)
    let upstream = try Upstream { _ in
      arrivals.yield()
      try? await release.wait()
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes([]))
    }
    try await fixture.addEndpoint(of: "s", upstream.address)
    let requests = (0..<4).map { _ in Task { try await fixture.send("h") } }
    var iterator = entered.makeAsyncIterator()
    for _ in 0..<4 { await iterator.next() }
    let busy = await setup.reports.first(of: "s") { $0.inFlight == 4 && $0.waiting == 0 }
    #expect((busy?.requestSeconds ?? 0) > 0)
    release.open()
    for request in requests { #expect(try await request.value.head.status == 200) }
    let end = await setup.reports.first(of: "s") { $0.inFlight == 0 }
    #expect(end?.waiting == 0)
    await upstream.shutDown()
    await fixture.shutDown()
  }
}
