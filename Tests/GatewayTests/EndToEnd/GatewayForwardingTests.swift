import Basics
import Formats
import HTTPTransport
import HTTPWire
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct GatewayForwardingTests {
  /// A gateway with the host `h` in front of these upstreams.
  private func fixture(_ upstreams: [Upstream], timeout: String? = nil) async throws -> GatewayFixture {
    let fixture = try await GatewayFixture()
    try await fixture.addService("s", upstreams)
    var rule = RouteObjects.rule(to: "s")
    if let timeout { rule["timeouts"] = ["request": .string(timeout)] }
    try await fixture.addRoute("r", hostnames: ["h"], rules: [rule])
    return fixture
  }

  @Test func longBodiesGoThroughUnchangedInBothDirections() async throws {
    let upstream = try Upstream { request in
      AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes(request.body))
    }
    let fixture = try await fixture([upstream])
    let body = Bytes((0..<(6 * ByteCount.mebibyte)).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    let response = try await fixture.send("h", method: "POST", body: body)
    #expect(response.body == body)
    await upstream.shutDown()
    await fixture.shutDown()
  }

  @Test func piecesArePassedOnAsTheyCome() async throws {
    let (pieces, source) = AsyncThrowingStream.makeStream(of: Bytes.self, throwing: (any Error).self)
    let upstream = try Upstream { _ in
      AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(pieces))
    }
    let fixture = try await fixture([upstream])
    let stream = try await fixture.client.stream(
      HTTPClientRequest(url: "http://h/", connectTo: fixture.address))
    var received = stream.body.makeAsyncIterator()
    for piece in ["one", "two", "three"] {
      source.yield(Array(piece.utf8))
      #expect(try await received.next() == Array(piece.utf8))
    }
    source.finish()
    #expect(try await received.next() == nil)
    await upstream.shutDown()
    await fixture.shutDown()
  }

  @Test func anEndpointThatRefusesIsReplacedByAnother() async throws {
    let (gone, alive) = (try Upstream(named: "gone"), try Upstream(named: "alive"))
    let fixture = try await fixture([gone, alive])
    await gone.shutDown()
    for _ in 0..<20 {
      let response = try await fixture.send("h", method: "POST", body: Array("x".utf8))
      #expect(String(decoding: response.body, as: UTF8.self) == "alive")
    }
    await alive.shutDown()
    await fixture.shutDown()
  }

  @Test func everyReadyEndpointIsTriedBeforeTheRequestFails() async throws {
    let gone = try (0..<6).map { try Upstream(named: "gone-\($0)") }
    let alive = try Upstream(named: "alive")
    let fixture = try await fixture(gone + [alive])
    for upstream in gone { await upstream.shutDown() }
    for _ in 0..<20 {
      let response = try await fixture.send("h", method: "POST", body: Array("x".utf8))
      #expect(String(decoding: response.body, as: UTF8.self) == "alive")
    }
    await alive.shutDown()
    await fixture.shutDown()
  }

  @Test(
    "a request whose endpoints have all gone waits for their successor",
    arguments: [1, 2, 3, 5])
  func waitsForTheSuccessor(count: Int) async throws {
    let gone = try (0..<count).map { try Upstream(named: "gone-\($0)") }
    let fixture = try await GatewayFixture(endpointWait: .seconds(60))
    try await fixture.addService("s", gone)
    try await fixture.addRoute("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "s")])
    for upstream in gone { await upstream.shutDown() }
    let body = Bytes(repeating: 120, count: 200 * ByteCount.kibibyte)
    async let first = fixture.send("h", method: "POST", body: Array("x".utf8))
    async let second = fixture.send("h", method: "POST", body: body)
    // A change that does not concern the service must not end the wait.
    try await fixture.addRoute("other", hostnames: ["o"], rules: [RouteObjects.rule(to: "s")])
    let next = try Upstream { request in
      AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes(request.body))
    }
    try await fixture.addEndpoint(of: "s", next.address)
    #expect(try await first.body == Array("x".utf8))
    #expect(try await second.body == body)
    await next.shutDown()
    await fixture.shutDown()
  }

  @Test func repeatableRequestsSurviveSeveralEndpointsThatBreakThem() async throws {
    let breaking = try (0..<2).map { _ in try Upstream(handler: .streaming(BreakingHandler())) }
    let alive = try Upstream(named: "alive")
    let fixture = try await fixture(breaking + [alive])
    for _ in 0..<20 {
      let response = try await fixture.send(
        "h", "/v1/models/m:predict", method: "POST", body: Array("x".utf8))
      #expect(String(decoding: response.body, as: UTF8.self) == "alive")
    }
    for upstream in breaking + [alive] { await upstream.shutDown() }
    await fixture.shutDown()
  }

  @Test(
    "an answer that is broken right after its head becomes 502",
    arguments: [
      "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ])
  func brokenRightAfterTheHead(rest: String) async throws {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + rest
    let upstream = try ScriptedServer(answers: [Bytes(answer.utf8)], requestsEndWith: "\r\n\r\nx")
    let fixture = try await GatewayFixture()
    try await fixture.addService("s", [])
    try await fixture.addEndpoint(of: "s", ListenAddress(host: upstream.host, port: upstream.port))
    try await fixture.addRoute("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "s")])
    let response = try await fixture.send("h", "/other", method: "POST", body: Array("x".utf8))
    #expect(response.head.status == 502)
    #expect(try JSONValue(parsing: response.body)["reason"] == "UpstreamFailed")
    await fixture.shutDown()
  }

  @Test(
    "a connection that breaks unanswered is repeated once where that changes nothing",
    arguments: [
      ("GET", "/", 2), ("POST", "/v1/models/m:predict", 2), ("POST", "/v2/models/m/infer", 2),
      ("POST", "/other", 1),
    ])
  func repeats(method: String, path: String, attempts: Int) async throws {
    let breaking = BreakingHandler()
    let upstream = try Upstream(handler: .streaming(breaking))
    let fixture = try await fixture([upstream])
    let response = try await fixture.send("h", path, method: method, body: Array("x".utf8))
    #expect(response.head.status == 502)
    #expect(try JSONValue(parsing: response.body)["reason"] == "UpstreamFailed")
    #expect(breaking.count == attempts)
    await upstream.shutDown()
    await fixture.shutDown()
  }

  /// Breaks every connection once the whole request has come.
  private final class BreakingHandler: StreamingHTTPHandler {
    private let requests = Mutex(0)
    var count: Int { requests.withLock { $0 } }

    func begin(_ head: HTTPRequestHead, exchange: HTTPExchange) -> any HTTPRequestReceiver {
      requests.withLock { $0 += 1 }
      return Receiver(exchange)
    }

    private final class Receiver: HTTPRequestReceiver {
      private let exchange: HTTPExchange
      init(_ exchange: HTTPExchange) { self.exchange = exchange }
      func requestBody(_ bytes: UnsafeRawBufferPointer) {}
      func requestEnd() { exchange.abort() }
      func requestCancelled() {}
      func responseWritable() {}
    }
  }

  @Test func anUnreachableServiceGives503WithTheCause() async throws {
    let gone = try Upstream(named: "gone")
    let fixture = try await fixture([gone])
    await gone.shutDown()
    let response = try await fixture.send("h")
    #expect(response.head.status == 503)
    let why = try JSONValue(parsing: response.body)
    #expect(why["reason"] == "UpstreamUnreachable")
    #expect(why["error"]?.string?.hasPrefix("service default/s cannot be reached:") == true)
    await fixture.shutDown()
  }

  @Test func theRoutesTimeoutGives504() async throws {
    let stop = Latch()
    let upstream = try Upstream { _ in
      try? await stop.wait()
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes([]))
    }
    let fixture = try await fixture([upstream], timeout: "50ms")
    let response = try await fixture.send("h")
    #expect(response.head.status == 504)
    #expect(try JSONValue(parsing: response.body)["reason"] == "Timeout")
    stop.open()
    await upstream.shutDown()
    await fixture.shutDown()
  }

  @Test func aClientThatGoesAwayEndsTheUpstreamsWork() async throws {
    let silent = SilentHandler()
    let upstream = try Upstream(handler: .streaming(silent))
    let fixture = try await fixture([upstream])
    let request = Task { try await fixture.send("h") }
    try await silent.began.wait()
    request.cancel()
    try await silent.cancelled.wait()
    await #expect(throws: (any Error).self) { try await request.value }
    await upstream.shutDown()
    await fixture.shutDown()
  }

  /// Never answers; tells when a request came and when its client went away.
  private final class SilentHandler: StreamingHTTPHandler {
    let began = Latch()
    let cancelled = Latch()

    func begin(_ head: HTTPRequestHead, exchange: HTTPExchange) -> any HTTPRequestReceiver {
      began.open()
      return Receiver(exchange, cancelled)
    }

    private final class Receiver: HTTPRequestReceiver {
      private let exchange: HTTPExchange
      private let cancelled: Latch

      init(_ exchange: HTTPExchange, _ cancelled: Latch) {
        self.exchange = exchange
        self.cancelled = cancelled
      }

      func requestBody(_ bytes: UnsafeRawBufferPointer) {}
      func requestEnd() {}
      func requestCancelled() { cancelled.open() }
      func responseWritable() {}
    }
  }

  @Test func anAnswerCutOffIsSeenAsCutOff() async throws {
    struct Broken: Error {}
    let upstream = try Upstream { _ in
      let (pieces, source) = AsyncThrowingStream.makeStream(of: Bytes.self, throwing: (any Error).self)
      source.yield(Array("half".utf8))
      source.finish(throwing: Broken())
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(pieces))
    }
    let fixture = try await fixture([upstream])
    await #expect(throws: HTTPClientError.self) { try await fixture.send("h") }
    await upstream.shutDown()
    await fixture.shutDown()
  }

  @Test func theLeastLoadedEndpointGetsTheNextRequest() async throws {
    let (entered, arrivals) = AsyncStream.makeStream(of: Void.self)
    let release = Latch()
    let busy = try Upstream { _ in
      arrivals.yield()
      try? await release.wait()
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes(Array("busy".utf8)))
    }
    let idle = try Upstream(named: "idle")
    let fixture = try await GatewayFixture()
    try await fixture.addService("s", [busy])
    try await fixture.addRoute("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "s")])
    async let slow = fixture.send("h")
    var iterator = entered.makeAsyncIterator()
    await iterator.next()
    try await fixture.addEndpoint(of: "s", idle.address)
    // Once the second endpoint is in the table, nothing more goes to the busy one.
    try await fixture.addService("marker", [idle])
    try await fixture.addRoute("marker", hostnames: ["marker"], rules: [RouteObjects.rule(to: "marker")])
    for _ in 0..<20 { #expect(try await fixture.text("h") == "idle") }
    release.open()
    #expect(try await slow.head.status == 200)
    await busy.shutDown()
    await idle.shutDown()
    await fixture.shutDown()
  }

  @Test func removingAnEndpointUnderLoadFailsNoRequest() async throws {
    let upstreams = try (0..<3).map { try Upstream(named: "pod-\($0)") }
    let fixture = try await fixture(upstreams)
    let stop = Latch()
    let tally = Tally()
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for _ in 0..<8 {
        tasks.addTask {
          while !stop.isOpen {
            do {
              let response = try await fixture.send(
                "h", "/v1/models/m:predict", method: "POST", body: Array("body".utf8))
              let text = String(decoding: response.body, as: UTF8.self)
              tally.add(failure: response.head.status == 200 ? nil : "\(response.head.status) \(text)")
            } catch {
              tally.add(failure: "\(error)")
            }
          }
        }
      }
      func progress(_ count: Int) async {
        let goal = tally.count + count
        while tally.count < goal { await Task.yield() }
      }
      await progress(50)
      // As a terminating pod does: it leaves the endpoints, then lets its requests end and stops.
      for upstream in upstreams.dropFirst() {
        try await fixture.removeEndpoint(of: "s", upstream.address)
        await upstream.shutDown()
        await progress(50)
      }
      stop.open()
      try await tasks.waitForAll()
    }
    #expect(tally.failures == [])
    await upstreams[0].shutDown()
    await fixture.shutDown()
  }

  /// Outcomes of requests that run at the same time.
  private final class Tally: Sendable {
    private let state = Mutex((count: 0, failures: [String]()))

    var count: Int { state.withLock { $0.count } }
    var failures: [String] { state.withLock { $0.failures } }

    func add(failure: String?) {
      state.withLock { state in
        state.count += 1
        if let failure { state.failures.append(failure) }
      }
    }
  }
}
