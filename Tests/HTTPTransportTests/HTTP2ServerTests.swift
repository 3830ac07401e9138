import Basics
import HTTPTransport
import HTTPWire
import Linux
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct HTTP2ServerTests {
  private func talk<Value: Sendable>(
    _ limits: HTTPServerLimits = .init(), settings: [(UInt16, UInt32)] = [],
    _ body: @escaping @Sendable (FrameClient) throws -> Value
  ) async throws -> Value {
    try await withServer(.buffered(EchoHandler()), limits: limits) { address, _, _ in
      try await onThread { try body(try FrameClient(address, settings: settings)) }
    }
  }

  @Test func streamsOfOneConnectionAreAnswered() async throws {
    try await talk { client in
      for stream in [UInt32(1), 3, 5] { client.request(stream, FrameClient.request("GET", "/\(stream)")) }
      for stream in [UInt32(1), 3, 5] {
        let answer = try client.answer(on: stream)
        #expect(answer?.first == 0x88)
        #expect(answer?.body == "GET /\(stream) ")
      }
    }
  }

  @Test func aBodyMayComeInPiecesBetweenThoseOfOthers() async throws {
    try await talk { client in
      client.request(1, FrameClient.request("POST", "/1"), ends: false)
      client.request(3, FrameClient.request("POST", "/3"), ends: false)
      client.send(FrameClient.data, 0, 1, Bytes("hel".utf8))
      client.send(FrameClient.data, 1, 3, Bytes("three".utf8))
      client.send(FrameClient.data, 1, 1, Bytes("lo".utf8))
      try client.expect(3, "POST /3 three")
      try client.expect(1, "POST /1 hello")
    }
  }

  @Test func everyWayToAnswerWorks() async throws {
    try await talk { client in
      client.request(1, FrameClient.request("GET", "/later"))
      try client.expect(1, "GET /later ")
      client.request(3, FrameClient.request("GET", "/chunks"))
      try client.expect(3, "onethree")
      client.request(5, FrameClient.request("GET", "/empty"))
      // 204 is the ninth entry of HPACK's static table.
      try client.expect(5, status: 0x89)
      client.request(7, FrameClient.request("HEAD", "/x"))
      let head = try client.answer(on: 7)
      #expect(head?.first == 0x88 && head?.body == "")
      client.request(9, FrameClient.request("GET", "/dropped"))
      // 500 is the fourteenth.
      try client.expect(9, status: 0x8E)
      client.request(11, FrameClient.request("GET", "/short"))
      #expect(try client.next(FrameClient.reset, on: 11)?.code == 2)
    }
  }

  @Test func aLargeAnswerWaitsForWindows() async throws {
    try await talk { client in
      client.request(1, FrameClient.request("GET", "/large"))
      var count = 0
      while let frame = try client.next(FrameClient.data, on: 1) {
        count += frame.payload.count
        if frame.isLast { break }
        guard !frame.payload.isEmpty else { continue }
        let increment = FrameClient.big(UInt32(frame.payload.count))
        client.send(FrameClient.windowUpdate, 0, 0, increment)
        client.send(FrameClient.windowUpdate, 0, 1, increment)
      }
      #expect(count == 4 << 20)
    }
  }

  @Test("a preface may come byte by byte, and HTTP/1.1 that begins like one is not mistaken for it")
  func slowPreface() async throws {
    try await withServer(.buffered(EchoHandler())) { address, _, _ in
      try await onThread {
        let client = try FrameClient(address, settings: nil)
        for byte in Bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) { client.send([byte]) }
        client.send(FrameClient.settings, 0, 0)
        client.request(1, FrameClient.request("GET", "/slow"))
        try client.expect(1, "GET /slow ")

        let first = try RawClient(address)
        for piece in ["P", "R", "OPFIND /x HTTP/1.1\r\nHost: x\r\n\r\n"] { try first.send(piece) }
        #expect(try first.read(through: "PROPFIND /x ").contains("HTTP/1.1 200 OK"))
        let second = try RawClient(address)
        try second.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
        #expect(try second.readAll().hasPrefix("HTTP/1.1 505 "))
      }
    }
  }

  @Test func aConnectionIsUpgraded() async throws {
    try await withServer(.buffered(EchoHandler())) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send(
          "GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            + "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
        #expect(try client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 101 "))
        try client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0")
        #expect(try client.read(through: "GET /up ").hasSuffix("GET /up "))
        // Settings that cannot be read leave the request to HTTP/1.1.
        for settings in ["HTTP2-Settings: !\r\n", "", "HTTP2-Settings: AAMA\r\n"] {
          let other = try RawClient(address)
          try other.send(
            "GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
              + settings + "\r\n")
          #expect(try other.read(through: "GET /up ").hasPrefix("HTTP/1.1 200 "))
        }
      }
    }
  }

  @Test func aDrainLetsOpenRequestsEnd() async throws {
    let released = Signal()
    let begun = Signal()
    let handler = ClosureHandler { _ in
      begun.fire()
      await released.wait()
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes(Bytes("done".utf8)))
    }
    try await withServer(.async(handler)) { address, _, server in
      let answer = Task {
        try await onThread { () -> (String?, UInt32?, Bool) in
          let client = try FrameClient(address)
          client.request(1)
          // The notice first, then the last word once the client has shown that it is there.
          let notice = try client.next(FrameClient.goAway)
          let ping = try client.next(FrameClient.ping)
          client.send(FrameClient.ping, 1, 0, ping?.payload ?? [])
          let last = try client.next(FrameClient.goAway)
          released.fire()
          let body = try client.answer(on: 1)?.body
          _ = try client.rest()
          #expect(notice?.payload.prefix(4) == [0x7F, 0xFF, 0xFF, 0xFF])
          return (body, last?.code, client.isOver)
        }
      }
      await begun.wait()
      await server.drain(timeout: .seconds(30))
      let (body, code, isOver) = try await answer.value
      #expect(body == "done" && code == 0 && isOver)
    }
  }

  @Test func aServerThatSendsClientsAwayStillAnswersThem() async throws {
    try await withServer(.buffered(EchoHandler())) { address, _, server in
      server.sendClientsAway()
      try await onThread {
        let client = try FrameClient(address)
        client.request(1)
        client.request(3)
        let notice = try client.next(FrameClient.goAway)
        #expect(notice?.code == 0)
        try client.expect(3, "GET / ")
      }
    }
  }

  @Test func anIdleConnectionIsClosed() async throws {
    var limits = HTTPServerLimits()
    limits.idleTimeout = .milliseconds(50)
    let frames = try await talk(limits) { client in
      client.request(1)
      return try client.rest().map { ($0.type, $0.code) }
    }
    #expect(frames.contains { $0.0 == FrameClient.goAway && $0.1 == 0 })
  }

  @Test func anExpectedContinueIsSent() async throws {
    try await talk { client in
      client.request(1, FrameClient.request("POST", "/e", [("expect", "100-continue")]), ends: false)
      let first = try client.next(FrameClient.headers, on: 1)
      #expect(first?.isLast == false)
      client.send(FrameClient.data, 1, 1, Bytes("x".utf8))
      try client.expect(1, "POST /e x")
    }
  }

  @Test func headsArriveAsHTTP1HandlersKnowThem() async throws {
    let seen = Mutex<HTTPRequestHead?>(nil)
    let handler = ClosureHandler { request in
      seen.withLock { $0 = request.head }
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes([]))
    }
    try await withServer(.async(handler)) { address, _, _ in
      try await onThread {
        let client = try FrameClient(address)
        let more = [("cookie", "a=1"), ("x-one", "ü"), ("cookie", "b=2"), ("te", "trailers")]
        client.request(1, FrameClient.request("PUT", "/p?q=1", more))
        try client.expect(1, status: 0x88)
      }
    }
    let head = try #require(seen.withLock { $0 })
    #expect(head.method == "PUT" && head.target == "/p?q=1" && head.version == .http2)
    #expect(head.headers["Host"] == "x" && head.headers["x-one"] == "ü")
    #expect(head.headers.all("cookie") == ["a=1; b=2"])
  }
}

/// Streaming and async faces.
@Suite(.timeLimit(.minutes(2))) struct HTTP2FacesTests {
  @Test func aPausedReceiverHoldsItsClientBack() async throws {
    let handler = PausingHandler()
    var limits = HTTPServerLimits()
    limits.http2.streamWindowBytes = 65_535
    try await withServer(.streaming(handler), limits: limits, loops: 1) { address, _, _ in
      try await onThread {
        let client = try FrameClient(address)
        client.request(1, FrameClient.request("POST", "/p"), ends: false)
        let piece = Bytes(repeating: 1, count: 16_000)
        // As much as the window lets through.
        for _ in 0..<4 { client.send(FrameClient.data, 0, 1, piece) }
        client.request(3, FrameClient.request("POST", "/other"))
        try client.expect(3, "0")
        #expect(handler.pieces.withLock { $0 } == 1)
        handler.resume()
        let update = try client.next(FrameClient.windowUpdate, on: 1)
        #expect(update != nil)
        client.send(FrameClient.data, 1, 1, piece)
        try client.expect(1, "80000")
      }
    }
  }

  @Test func aStreamedAnswerEndsWhenItsClientResetsIt() async throws {
    let ended = Signal()
    let handler = ClosureHandler { _ in
      let stream = AsyncThrowingStream<Bytes, any Error> { continuation in
        continuation.onTermination = { _ in ended.fire() }
        continuation.yield(Bytes("first".utf8))
      }
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(stream))
    }
    try await withServer(.async(handler)) { address, _, _ in
      try await onThread {
        let client = try FrameClient(address)
        client.request(1)
        #expect(try client.next(FrameClient.data, on: 1)?.payload == Bytes("first".utf8))
        client.send(FrameClient.reset, 0, 1, FrameClient.big(UInt32(8)))
        client.request(3)
        #expect(try client.next(FrameClient.data, on: 3)?.payload == Bytes("first".utf8))
      }
      // The first by its reset, the second with the connection.
      await ended.wait(2)
    }
  }
}

/// Counts body bytes; `/p` pauses after the first piece until `resume`.
private final class PausingHandler: StreamingHTTPHandler {
  let pieces = Mutex(0)
  private let paused = Mutex<HTTPExchange?>(nil)

  func begin(_ head: HTTPRequestHead, exchange: HTTPExchange) -> any HTTPRequestReceiver {
    Receiver(self, head, exchange)
  }

  func resume() {
    guard let exchange = paused.withLock({ $0 }) else { return }
    paused.withLock { $0 = nil }
    exchange.loop.submit { exchange.resumeRequest() }
  }

  private final class Receiver: HTTPRequestReceiver {
    private let handler: PausingHandler
    private let exchange: HTTPExchange
    private var pauses: Bool
    private var count = 0

    init(_ handler: PausingHandler, _ head: HTTPRequestHead, _ exchange: HTTPExchange) {
      self.handler = handler
      self.exchange = exchange
      pauses = head.path == "/p"
    }

    func requestBody(_ bytes: UnsafeRawBufferPointer) {
      count += bytes.count
      handler.pieces.withLock { $0 += 1 }
      guard pauses else { return }
      pauses = false
      exchange.pauseRequest()
      handler.paused.withLock { $0 = exchange }
    }

    func requestEnd() { exchange.respond(HTTPResponseHead(status: 200), body: Bytes("\(count)".utf8)) }
    func requestCancelled() {}
    func responseWritable() {}
  }
}
