import Basics
import HTTPTransport
import HTTPWire
import Linux
import Synchronization
import TestSupport
import Testing

/// What a client may do to a server on purpose: each ends in an error for that stream or connection, in
/// bounded memory, and the next client is served.
@Suite(.timeLimit(.minutes(2))) struct HTTP2MisbehaviourTests {
  private static let streamError: UInt32 = 1
  private static let flowControl: UInt32 = 3
  private static let streamClosed: UInt32 = 5
  private static let refused: UInt32 = 7
  private static let calm: UInt32 = 11

  /// Runs `body`, then checks that another client still gets its answer.
  private func attack(
    _ limits: HTTPServerLimits = .init(), settings: [(UInt16, UInt32)] = [],
    _ body: @escaping @Sendable (FrameClient) throws -> Void
  ) async throws {
    try await withServer(.buffered(EchoHandler()), limits: limits, loops: 1) { address, _, _ in
      try await onThread {
        try body(try FrameClient(address, settings: settings))
        let next = try FrameClient(address)
        next.request(1, FrameClient.request("GET", "/next"))
        try next.expect(1, "GET /next ")
      }
    }
  }

  /// The code of the GOAWAY that ends the connection.
  private static func end(_ client: FrameClient) throws -> UInt32? {
    try client.rest().last { $0.type == FrameClient.goAway }?.code
  }

  private static func repeated(_ count: Int, _ body: (UInt32) -> Bytes) -> Bytes {
    var bytes: Bytes = []
    for index in 0..<count { bytes += body(UInt32(index)) }
    return bytes
  }

  // MARK: floods

  @Test func rapidResetsEndTheConnection() async throws {
    try await attack { client in
      client.send(
        Self.repeated(3000) { index in
          FrameClient.requestFrame(index * 2 + 1, ends: false)
            + FrameClient.frame(FrameClient.reset, 0, index * 2 + 1, FrameClient.big(UInt32(8)))
        })
      let frames = try client.rest()
      #expect(frames.contains { $0.type == FrameClient.goAway && $0.code != 0 })
    }
  }

  @Test(
    "resets that the client provokes are counted like its own",
    arguments: ["data after the end", "zero increment", "overflowing window", "bad length"])
  func provokedResets(_ way: String) async throws {
    var limits = HTTPServerLimits()
    limits.http2.resetBurst = 50
    limits.http2.resetsPerSecond = 0
    try await attack(limits) { client in
      client.send(
        Self.repeated(2000) { index in
          let stream = index * 2 + 1
          let post = FrameClient.request("POST", "/x", way == "bad length" ? [("content-length", "1")] : [])
          let open = FrameClient.requestFrame(stream, post, ends: false)
          switch way {
          case "data after the end":
            return FrameClient.requestFrame(stream, FrameClient.request("GET", "/later"))
              + FrameClient.frame(FrameClient.data, 0, stream, [1])
          case "zero increment":
            return open + FrameClient.frame(FrameClient.windowUpdate, 0, stream, FrameClient.big(UInt32(0)))
          case "overflowing window":
            let most = FrameClient.big(UInt32(Int32.max))
            return open + FrameClient.frame(FrameClient.windowUpdate, 0, stream, most)
          default: return open + FrameClient.frame(FrameClient.data, 1, stream, [1, 2])
          }
        })
      let code = try Self.end(client)
      // nghttp2 takes some of these for the connection's error at once.
      #expect(code != nil && code != 0)
    }
  }

  @Test(
    "frames that carry nothing are bounded",
    arguments: ["settings", "ping", "priority", "window update", "empty data"])
  func emptyFrames(_ kind: String) async throws {
    try await attack { client in
      client.request(1, FrameClient.request("POST", "/x"), ends: false)
      let frame: Bytes
      switch kind {
      case "settings": frame = FrameClient.frame(FrameClient.settings, 0, 0)
      case "ping": frame = FrameClient.frame(FrameClient.ping, 0, 0, Bytes(repeating: 0, count: 8))
      case "priority": frame = FrameClient.frame(FrameClient.priority, 0, 3, [0, 0, 0, 0, 1])
      case "window update": frame = FrameClient.frame(FrameClient.windowUpdate, 0, 0, [0, 0, 0, 1])
      default: frame = FrameClient.frame(FrameClient.data, 0, 1)
      }
      client.send(Self.repeated(20_000) { _ in frame })
      let frames = try client.rest()
      #expect(frames.contains { $0.type == FrameClient.goAway && $0.code == Self.calm })
    }
  }

  @Test func continuationsAreBounded() async throws {
    try await attack { client in
      client.send(FrameClient.headers, 0, 1, FrameClient.block(FrameClient.request()))
      let more = FrameClient.block([("x-a", "1")])
      client.send(Self.repeated(5000) { _ in FrameClient.frame(FrameClient.continuation, 0, 1, more) })
      let frames = try client.rest()
      #expect(!frames.contains { $0.type == FrameClient.headers })
      #expect(client.isOver)
    }
  }

  // MARK: header blocks

  @Test func aHeadThatIsTooLongIsRefusedAlone() async throws {
    var limits = HTTPServerLimits()
    limits.wire.headBytes = 2000
    try await attack(limits) { client in
      client.request(1, FrameClient.request("GET", "/", [("x-long", String(repeating: "a", count: 3000))]))
      let refused = try client.answer(on: 1)
      #expect(refused?.first != 0x88 && refused?.body.contains("2000 bytes") == true)
      let many = (0..<200).map { ("x-\($0)", "") }
      client.request(3, FrameClient.request("GET", "/", many))
      let second = try client.answer(on: 3)
      #expect(second?.first != 0x88)
      client.request(5)
      try client.expect(5, "GET / ")
    }
  }

  @Test func aFewBytesThatUnpackToVeryManyEndTheConnection() async throws {
    try await attack { client in
      // One entry of 4000 bytes in the table, then named again and again by one byte each.
      let entry = [0x40] + FrameClient.text("x-a") + FrameClient.text(String(repeating: "b", count: 4000))
      let block = FrameClient.block(FrameClient.request()) + entry + Bytes(repeating: 0xBE, count: 10_000)
      client.send(FrameClient.headers, 5, 1, block)
      let frames = try client.rest()
      #expect(frames.contains { $0.type == FrameClient.goAway && $0.code == Self.calm })
    }
  }

  @Test(
    "what HPACK cannot mean ends the connection",
    arguments: [[0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x80], [0xFE]])
  func brokenCompression(_ block: Bytes) async throws {
    try await attack { client in
      client.send(FrameClient.headers, 5, 1, block)
      let found2 = try Self.end(client)
      #expect(found2 == 9)
    }
  }

  @Test(
    "malformed requests are reset alone",
    arguments: [
      [(":method", "GET"), (":scheme", "http"), (":authority", "x")],
      FrameClient.request() + [(":path", "/2")],
      FrameClient.request() + [("X-Upper", "1")],
      FrameClient.request() + [("connection", "close")],
      FrameClient.request() + [("transfer-encoding", "chunked")],
      FrameClient.request() + [("te", "gzip")],
      FrameClient.request() + [("bad name", "1")],
      FrameClient.request() + [("x", "a\r\nb: c")],
      [("x-first", "1")] + FrameClient.request(),
      FrameClient.request() + [(":unknown", "1")],
      FrameClient.request() + [(":status", "200")],
      FrameClient.request("GET", ""),
      FrameClient.request("GET", "x"),
    ])
  func malformedRequests(_ fields: [(String, String)]) async throws {
    try await attack { client in
      client.request(1, fields)
      client.request(3)
      try client.expect(3, "GET / ")
      let answer = try client.answer(on: 1)
      // Reset by the framing, or answered with 400 (the thirteenth entry of HPACK's table).
      #expect(answer == nil || answer?.first == 0x8C)
    }
  }

  @Test func methodsAndPathsThatHTTP1RefusesAreRefused() async throws {
    try await attack { client in
      for (index, path) in ["/a b", "/a#b", "/\u{7F}"].enumerated() {
        client.request(UInt32(index * 2 + 1), FrameClient.request("GET", path))
        let answer = try client.answer(on: UInt32(index * 2 + 1))
        #expect(answer == nil || answer?.first == 0x8C)
      }
      client.request(7, [(":method", "CONNECT"), (":authority", "x")])
      let connect = try client.answer(on: 7)
      #expect(connect?.first != 0x88)
    }
  }

  @Test func theBodyMustHaveTheAnnouncedLength() async throws {
    try await attack { client in
      client.request(1, FrameClient.request("POST", "/", [("content-length", "5")]), ends: false)
      client.send(FrameClient.data, 1, 1, [1, 2])
      let found3 = try client.next(FrameClient.reset, on: 1)?.code
      #expect(found3 == Self.streamError)
      client.request(3, FrameClient.request("POST", "/", [("content-length", "1")]), ends: false)
      client.send(FrameClient.data, 0, 3, [1, 2])
      let found4 = try client.next(FrameClient.reset, on: 3)?.code
      #expect(found4 == Self.streamError)
    }
  }

  // MARK: streams

  @Test func streamsBeyondTheLimitAreRefused() async throws {
    var limits = HTTPServerLimits()
    limits.http2.concurrentStreams = 4
    try await attack(limits) { client in
      for index in UInt32(0)..<20 { client.request(index * 2 + 1, FrameClient.request("POST"), ends: false) }
      let frames = try client.rest()
      let isEnded = frames.contains { $0.type == FrameClient.goAway && $0.code != 0 }
      let resets = frames.filter { $0.type == FrameClient.reset && $0.code == Self.refused }
      #expect(isEnded || resets.count == 16)
    }
  }

  @Test func framesOnStreamsThatNeverWereEndTheConnection() async throws {
    for frame in [
      FrameClient.frame(FrameClient.data, 0, 7, [1]), FrameClient.frame(FrameClient.data, 0, 0, [1]),
      FrameClient.frame(FrameClient.headers, 5, 2, FrameClient.block(FrameClient.request())),
      FrameClient.frame(FrameClient.reset, 0, 9, FrameClient.big(UInt32(8))),
      FrameClient.frame(FrameClient.windowUpdate, 0, 11, FrameClient.big(UInt32(8))),
      FrameClient.frame(FrameClient.continuation, 4, 1, []),
      FrameClient.frame(FrameClient.settings, 0, 0, [1]), FrameClient.frame(FrameClient.ping, 0, 0, [1]),
      FrameClient.frame(5, 4, 1, Bytes(repeating: 0, count: 8)),
      FrameClient.frame(FrameClient.data, 8, 1, [200, 1]),
    ] {
      try await attack { client in
        client.send(frame)
        let code = try Self.end(client)
        #expect(code != nil && code != 0)
      }
    }
  }

  @Test func framesOnStreamsThatAreOverChangeNothing() async throws {
    try await attack { client in
      client.request(1)
      try client.expect(1, "GET / ")
      client.send(FrameClient.reset, 0, 1, FrameClient.big(UInt32(8)))
      client.send(FrameClient.windowUpdate, 0, 1, FrameClient.big(UInt32(8)))
      client.send(FrameClient.data, 0, 1, [1])
      client.request(3)
      let answer = try client.answer(on: 3)
      // Data on a closed stream may also be taken for the connection's error (RFC 9113 §5.1).
      #expect(answer?.first == 0x88 || client.isOver)
    }
  }

  @Test func anAnsweredRequestThatGoesOnIsReset() async throws {
    var limits = HTTPServerLimits()
    limits.bodyBytes = 10
    try await attack(limits) { client in
      client.request(1, FrameClient.request("POST"), ends: false)
      client.send(FrameClient.data, 0, 1, Bytes(repeating: 1, count: 11))
      let answer = try client.answer(on: 1)
      #expect(answer?.body.contains("10 bytes") == true)
      let found5 = try client.next(FrameClient.reset, on: 1)?.code
      #expect(found5 == 0)
      client.request(3, FrameClient.request("POST", "/", [("content-length", "11")]), ends: false)
      let second = try client.answer(on: 3)
      #expect(second?.body.contains("10 bytes") == true)
    }
  }

  // MARK: windows

  @Test func aWindowThatOverflowsEndsTheConnection() async throws {
    try await attack { client in
      client.send(FrameClient.windowUpdate, 0, 0, FrameClient.big(UInt32(Int32.max)))
      let found6 = try Self.end(client)
      #expect(found6 == Self.flowControl)
    }
    try await attack { client in
      client.send(FrameClient.windowUpdate, 0, 0, FrameClient.big(UInt32(0)))
      let found7 = try Self.end(client)
      #expect(found7 == Self.streamError)
    }
    try await attack { client in
      client.send(FrameClient.settings, 0, 0, FrameClient.big(UInt16(4)) + FrameClient.big(UInt32.max))
      let found8 = try Self.end(client)
      #expect(found8 == Self.flowControl)
    }
  }

  @Test func moreDataThanTheWindowAllowsIsAnError() async throws {
    var limits = HTTPServerLimits()
    limits.http2.streamWindowBytes = 1000
    try await attack(limits) { client in
      client.request(1, FrameClient.request("POST"), ends: false)
      client.send(FrameClient.data, 0, 1, Bytes(repeating: 1, count: 1001))
      let end = try client.next { $0.type == FrameClient.reset || $0.type == FrameClient.goAway }
      #expect(end?.code == Self.flowControl)
    }
  }

  @Test func answersThatNobodyReadsAreBounded() async throws {
    var limits = HTTPServerLimits()
    limits.http2.pendingOutputBytes = 8 << 20
    try await attack(limits, settings: [(4, 0)]) { client in
      // Each answer has 4 MiB, and none has a window.
      for index in UInt32(0)..<40 {
        client.request(index * 2 + 1, FrameClient.request("GET", "/large"))
      }
      for index in UInt32(2)..<40 {
        let found9 = try client.next(FrameClient.reset, on: index * 2 + 1)?.code
        #expect(found9 == Self.refused)
      }
    }
  }

  @Test func anAnswerThatMakesNoProgressIsGivenUp() async throws {
    var limits = HTTPServerLimits()
    limits.writeTimeout = .milliseconds(50)
    try await attack(limits, settings: [(4, 0)]) { client in
      client.request(1, FrameClient.request("GET", "/large"))
      let found10 = try client.next(FrameClient.reset, on: 1)?.code
      #expect(found10 == 8)
    }
  }

  @Test func anAnswerWithoutAWindowEndsWithItsClientsInput() async throws {
    try await attack(settings: [(4, 3)]) { client in
      client.request(1, FrameClient.request("GET", "/long-enough"))
      _ = try client.next(FrameClient.data, on: 1)
      client.socket.shutdownSending()
      _ = try client.rest()
      #expect(client.isOver)
    }
  }

  @Test func collectedBodiesOfOneConnectionAreBounded() async throws {
    var limits = HTTPServerLimits()
    limits.http2.uploadBytes = 100_000
    try await attack(limits, settings: [(4, 1 << 20)]) { client in
      client.send(FrameClient.windowUpdate, 0, 0, FrameClient.big(UInt32(1 << 20)))
      let piece = Bytes(repeating: 1, count: 16_000)
      for stream in [UInt32(1), 3] {
        client.request(stream, FrameClient.request("POST", "/\(stream)"), ends: false)
      }
      // The younger one fills what may be collected: it gets no window back any more.
      for _ in 0..<12 { client.send(FrameClient.data, 0, 3, piece) }
      for _ in 0..<12 { client.send(FrameClient.data, 0, 1, piece) }
      let found11 = try client.next(FrameClient.windowUpdate, on: 1)
      #expect(found11 != nil)
      // Its turn comes when the older one is done.
      client.send(FrameClient.data, 1, 1)
      let answer = try client.answer(on: 1)
      #expect(answer?.body.utf8.count == 8 + 192_000)
      let found12 = try client.next(FrameClient.windowUpdate, on: 3)
      #expect(found12 != nil)
      client.send(FrameClient.data, 1, 3)
      let second = try client.answer(on: 3)
      #expect(second?.body.utf8.count == 8 + 192_000)
    }
  }

  // MARK: time

  @Test func aHeaderBlockMustEndInTime() async throws {
    var limits = HTTPServerLimits()
    limits.headTimeout = .milliseconds(50)
    try await attack(limits) { client in
      client.send(FrameClient.headers, 1, 1, FrameClient.block(FrameClient.request()))
      let found13 = try Self.end(client)
      #expect(found13 == Self.calm)
    }
  }

  @Test func aBodyMustGoOnInTime() async throws {
    var limits = HTTPServerLimits()
    limits.bodyTimeout = .milliseconds(50)
    try await attack(limits) { client in
      client.request(1, FrameClient.request("POST"), ends: false)
      client.send(FrameClient.data, 0, 1, [1])
      let answer = try client.answer(on: 1)
      #expect(answer?.body.contains("took too long") == true)
    }
  }

  @Test("who says nothing is closed", arguments: ["", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
  func silence(_ text: String) async throws {
    var limits = HTTPServerLimits()
    limits.firstByteTimeout = .milliseconds(50)
    try await withServer(.buffered(EchoHandler()), limits: limits) { address, _, _ in
      try await onThread {
        let client = try FrameClient(address, settings: nil)
        client.send(Bytes(text.utf8))
        _ = try client.rest()
        #expect(client.isOver)
      }
    }
  }

  // MARK: garbage

  @Test func garbageNeverHurtsOthers() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    try await withServer(.buffered(EchoHandler()), loops: 1) { address, _, _ in
      try await onThread {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
          let client = try FrameClient(address)
          var bytes: Bytes = []
          for _ in 0..<Int.random(in: 1..<30, using: &random) {
            let count = Int.random(in: 0..<60, using: &random)
            let payload = Bytes((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
            let isRequest = Bool.random(using: &random)
            let stream = UInt32.random(in: 0..<8, using: &random)
            bytes +=
              isRequest
              ? FrameClient.requestFrame(stream | 1, ends: .random(using: &random))
              : FrameClient.frame(
                UInt8.random(in: 0..<11, using: &random), UInt8.random(in: 0...63, using: &random), stream,
                payload)
          }
          // Cut off anywhere.
          client.send(Bytes(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))))
          client.socket.shutdownSending()
          _ = try client.rest()
        }
        let next = try FrameClient(address)
        next.request(1, FrameClient.request("GET", "/next"))
        try next.expect(1, "GET /next ")
      }
    }
  }
}
