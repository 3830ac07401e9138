import Basics
import HTTPTransport
import HTTPWire
import Linux
import Synchronization
import Testing

/// A small gateway: passes requests on to one upstream, with back-pressure both ways.
private struct ForwardingHandler: StreamingHTTPHandler {
  let upstream: ListenAddress
  let cancelled: Signal

  func begin(_ head: HTTPRequestHead, exchange: HTTPExchange) -> any HTTPRequestReceiver {
    Forwarding(head, exchange, upstream, cancelled)
  }
}

private final class Forwarding: HTTPRequestReceiver, HTTPResponseReceiver {
  private let downstream: HTTPExchange
  private let cancelled: Signal
  private var upstream: HTTPUpstreamExchange?

  init(_ head: HTTPRequestHead, _ downstream: HTTPExchange, _ address: ListenAddress, _ cancelled: Signal) {
    self.downstream = downstream
    self.cancelled = cancelled
    let length: HTTPRequestBodyLength
    if let text = head.headers["Content-Length"], let count = Int(text) {
      length = .known(count)
    } else {
      length = head.headers.contains("Transfer-Encoding") ? .unknown : .none
    }
    upstream = downstream.loop.httpClient.start(
      head, to: HTTPUpstream(address), bodyLength: length, receiver: self)
  }

  func requestBody(_ bytes: UnsafeRawBufferPointer) {
    if upstream?.sendBody(bytes) == false { downstream.pauseRequest() }
  }
  func requestWritable() { downstream.resumeRequest() }
  func requestEnd() { upstream?.finish() }
  func requestCancelled() {
    upstream?.abort()
    upstream = nil
    cancelled.fire()
  }

  func responseHead(_ head: HTTPResponseHead) { downstream.sendHead(head) }
  func responseBody(_ bytes: UnsafeRawBufferPointer) {
    if !downstream.sendBody(bytes) { upstream?.pauseResponse() }
  }
  func responseWritable() { upstream?.resumeResponse() }
  func responseEnd() {
    upstream = nil
    downstream.finish()
  }
  func responseFailed(_ error: HTTPClientError) {
    upstream = nil
    downstream.respond(HTTPResponseHead(status: 502), body: Bytes(error.message.utf8))
    downstream.abort()
  }
}

@Suite(.timeLimit(.minutes(2))) struct StreamingServerTests {
  private func withGateway<Value>(
    to handler: HTTPServerHandler, cancelled: Signal = Signal(),
    _ body: (ListenAddress, HTTPClient, HTTPServer) async throws -> Value
  ) async throws -> Value {
    try await withServer(handler) { upstream, _, upstreamServer in
      let forwarding = ForwardingHandler(upstream: upstream, cancelled: cancelled)
      return try await withServer(.streaming(forwarding)) { address, group, _ in
        try await body(address, HTTPClient(group: group), upstreamServer)
      }
    }
  }

  @Test func requestsAndAnswersPassThrough() async throws {
    try await withGateway(to: .buffered(EchoHandler())) { address, client, _ in
      let base = "http://\(address)"
      for _ in 0..<3 {
        let get = try await client.send(.init(url: base + "/a"))
        #expect(get.body == Bytes("GET /a ".utf8))
      }
      let body = Bytes(repeating: 97, count: 5 << 20)
      let post = try await client.send(.init(method: "POST", url: base + "/p", body: body))
      #expect(post.body.count == body.count + 8)
      let found1 = try await client.send(.init(url: base + "/large")).body.count
      #expect(found1 == 4 << 20)
      let found2 = try await client.send(.init(url: base + "/chunks")).body
      #expect(found2 == Bytes("onethree".utf8))
      let found3 = try await client.send(.init(url: base + "/empty")).head.status
      #expect(found3 == 204)
    }
  }

  @Test func chunkedRequestsPassThroughOnARawConnection() async throws {
    let answer = try await withGateway(to: .buffered(EchoHandler())) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        let request = "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        try client.send(request + request)
        return try client.read(through: "POST /c abc") + client.read(through: "POST /c abc")
      }
    }
    #expect(answer.count(of: "HTTP/1.1 200 OK") == 2)
  }

  @Test func aClientThatLeavesCancelsTheUpstreamRequest() async throws {
    let ended = Signal()
    let cancelled = Signal()
    let handler = ClosureHandler.helloThenSilence(ended: ended)
    try await withGateway(to: .async(handler), cancelled: cancelled) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try client.read(through: "hello")
      }
      await cancelled.wait()
      await ended.wait()
    }
  }

  @Test func anUpstreamThatIsGoneIsTold() async throws {
    try await withGateway(to: .buffered(EchoHandler())) { address, client, upstream in
      let found4 = try await client.send(.init(url: "http://\(address)/")).head.status
      #expect(found4 == 200)
      await upstream.drain(timeout: .zero)
      let found5 = try await client.send(.init(url: "http://\(address)/")).head.status
      #expect(found5 == 502)
    }
  }

  @Test func aSlowReaderHoldsTheUpstreamBack() async throws {
    let made = Atomic<Int>(0)
    let piece = Bytes(repeating: 120, count: 64 * 1024)
    let handler = ClosureHandler { _ in
      let stream = AsyncThrowingStream<Bytes, any Error> { () -> Bytes? in
        made.wrappingAdd(1, ordering: .relaxed).newValue <= 1600 ? piece : nil
      }
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(stream))
    }
    let (before, total) = try await withGateway(to: .async(handler)) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try client.read(through: "\r\n\r\n")
        let last = try PauseForTest().turnUntilUnchanged { made.load(ordering: .relaxed) }
        return (last, try client.discard(through: "\r\n0\r\n\r\n"))
      }
    }
    #expect(before < 1000)
    #expect(total > 1600 * piece.count)
  }

  @Test func anEarlyAnswerToALongRequestArrives() async throws {
    let handler = RefusingHandler()
    let answer = try await withServer(.streaming(handler)) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
        return try client.readAll(whileSending: String(repeating: "x", count: 300_000))
      }
    }
    #expect(answer.hasPrefix("HTTP/1.1 403 "))
  }

  @Test(arguments: [("HTTP/1.1", true), ("HTTP/1.1", false), ("HTTP/1.0", true)])
  func whatThereIsOfABrokenAnswerArrives(_ version: String, _ hasLength: Bool) async throws {
    let answer = try await withServer(.streaming(BreakingHandler(hasLength: hasLength))) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send("GET / \(version)\r\nHost: x\r\n\r\n")
        return try client.readAll()
      }
    }
    #expect(answer.hasPrefix("HTTP/1.1 200 "))
    #expect(answer.contains("the first part"))
    #expect(!answer.hasSuffix("0\r\n\r\n"))
  }

  @Test func aPartIsNotTakenForTheWhole() async throws {
    let answer = try await withServer(.streaming(BreakingHandler(hasLength: false))) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send("GET / HTTP/1.0\r\nHost: x\r\n\r\n")
        return try client.readAll()
      }
    }
    #expect(answer == "")
  }

  @Test func noContinueIsSentToARefusedRequest() async throws {
    let answer = try await withServer(.streaming(RefusingHandler())) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
        return try client.readAll()
      }
    }
    #expect(answer.hasPrefix("HTTP/1.1 403 "))
    #expect(answer.contains("Connection: close"))
  }
}

/// Answers every request at once, before its body.
private struct RefusingHandler: StreamingHTTPHandler {
  final class Deaf: HTTPRequestReceiver {
    func requestBody(_ bytes: UnsafeRawBufferPointer) {}
    func requestEnd() {}
    func requestCancelled() {}
    func responseWritable() {}
  }

  func begin(_ head: HTTPRequestHead, exchange: HTTPExchange) -> any HTTPRequestReceiver {
    exchange.respond(HTTPResponseHead(status: 403), body: Bytes("no".utf8))
    return Deaf()
  }
}

/// Begins an answer and breaks it off in the same turn of the loop.
private struct BreakingHandler: StreamingHTTPHandler {
  let hasLength: Bool

  final class Receiver: HTTPRequestReceiver {
    private let exchange: HTTPExchange
    private let head: HTTPResponseHead

    init(_ exchange: HTTPExchange, _ head: HTTPResponseHead) {
      self.exchange = exchange
      self.head = head
    }

    func requestBody(_ bytes: UnsafeRawBufferPointer) {}
    func requestEnd() {
      exchange.sendHead(head)
      _ = Bytes("the first part".utf8).withUnsafeBytes { exchange.sendBody($0) }
      exchange.abort()
    }
    func requestCancelled() {}
    func responseWritable() {}
  }

  func begin(_ head: HTTPRequestHead, exchange: HTTPExchange) -> any HTTPRequestReceiver {
    Receiver(exchange, HTTPResponseHead(status: 200, headers: hasLength ? ["Content-Length": "1000"] : [:]))
  }
}

extension RawClient {
  /// Sends as much as goes, then reads to the end.
  func readAll(whileSending text: String) throws -> String {
    // A server that has had enough may cut the sending short; its answer counts.
    try? send(text)
    return try readAll()
  }
}
