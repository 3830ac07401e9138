import Basics
import HTTPWire
import Testing

@Suite struct GRPCFramingTests {
  private enum Item: Equatable {
    case message(Bytes, Bool)
    case tooLong(Int)
    case malformed
    case withinMessage
  }

  /// What the bytes hold, read in pieces of `step`.
  private func read(_ bytes: Bytes, limit: Int = 1000, step: Int) -> [Item] {
    var reader = GRPCMessageReader(maximumBytes: limit)
    var items: [Item] = []
    var start = 0
    while start < bytes.count {
      let piece = Bytes(bytes[start..<min(bytes.count, start + step)])
      start += piece.count
      var offset = 0
      let ended = piece.withUnsafeBytes { piece -> Bool in
        while true {
          switch reader.next(piece, &offset) {
          case .inPlace(let range, let isCompressed):
            items.append(.message(Bytes(piece[range]), isCompressed))
          case .collected(let message, let isCompressed): items.append(.message(message, isCompressed))
          case .needsMore: return false
          case .tooLong(let count):
            items.append(.tooLong(count))
            return true
          case .malformed:
            items.append(.malformed)
            return true
          }
        }
      }
      if ended { return items }
      #expect(offset == piece.count)
    }
    if reader.isWithinMessage { items.append(.withinMessage) }
    return items
  }

  private func frame(_ message: Bytes, isCompressed: Bool = false) -> Bytes {
    var bytes: Bytes = []
    GRPCFields.appendPrefix(message.count, isCompressed: isCompressed, to: &bytes)
    return bytes + message
  }

  @Test func messagesAreFoundHoweverTheyArrive() {
    let messages: [(Bytes, Bool)] = [
      ([1, 2, 3], false), ([], true), (Bytes(repeating: 9, count: 500), true), ([], false),
    ]
    let bytes = messages.flatMap { frame($0.0, isCompressed: $0.1) }
    for step in [1, 2, 3, 4, 5, 6, 7, 100, 505, 1000] {
      #expect(read(bytes, step: step) == messages.map { .message($0.0, $0.1) }, "step \(step)")
    }
  }

  @Test func truncatedMessagesAreNoMessages() {
    let bytes = frame([1]) + frame([2, 3, 4])
    for count in 7..<bytes.count {
      for step in [1, 3, 100] {
        #expect(read(Bytes(bytes.prefix(count)), step: step) == [.message([1], false), .withinMessage])
      }
    }
  }

  @Test func lengthsBeyondTheLimitAreSeenByTheirPrefix() {
    for step in [1, 5] {
      #expect(read([0, 0, 0, 3, 0xE9], step: step) == [.tooLong(1001)])
      #expect(read([1, 0xFF, 0xFF, 0xFF, 0xFF], step: step) == [.tooLong(4_294_967_295)])
      #expect(read(frame(Bytes(repeating: 1, count: 1000)), step: step).count == 1)
      #expect(read([2, 0, 0, 0, 0], step: step) == [.malformed])
    }
  }

  @Test func garbageReadsTheSameHoweverItArrives() {
    var state = UInt64.random(in: 0 ... .max)
    for _ in 0..<500 {
      let bytes = (0..<40).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 60) < 10 ? 0 : UInt8(truncatingIfNeeded: state >> 50) & 15
      }
      #expect(read(bytes, step: 1) == read(bytes, step: 40))
    }
  }

  @Test(
    "timeouts have one to eight digits and a unit",
    arguments: [
      ("1n", 1), ("99999999u", 99_999_999_000), ("5m", 5_000_000), ("2S", 2_000_000_000),
      ("1M", 60_000_000_000),
      ("1H", 3_600_000_000_000), ("99999999H", UInt64.max), ("0S", 0), ("", nil), ("5", nil), ("S", nil),
      ("5s", nil),
      ("123456789m", nil), ("-1m", nil), ("1 m", nil),
    ] as [(String, UInt64?)])
  func timeouts(_ text: String, _ nanoseconds: UInt64?) {
    #expect(Bytes(text.utf8).withUnsafeBytes { GRPCFields.timeout($0) } == nanoseconds)
  }

  @Test func messagesForPeopleArePercentEncoded() {
    var bytes: Bytes = []
    GRPCFields.appendMessage("100% ü\n~", to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == "100%25 %C3%BC%0A~")
  }
}

@Suite struct HTTP2HeaderBlockTests {
  private func block(_ fields: [(String, String)]) -> HTTP2HeaderBlock {
    let block = HTTP2HeaderBlock()
    for (name, value) in fields {
      Bytes(name.utf8).withUnsafeBytes { name in
        Bytes(value.utf8).withUnsafeBytes { block.append(name, $0) }
      }
    }
    return block
  }

  private let pseudo = [
    (":method", "POST"), (":scheme", "http"), (":path", "/a.B/C?x"), (":authority", "h:1"),
  ]

  @Test func aRequestIsMadeOfItsFields() throws {
    let fields =
      pseudo + [("x-a", "1"), ("cookie", "a"), ("cookie", "b"), ("content-length", "12"), ("host", "other")]
    let request = try block(fields).makeRequest(separatesGRPC: true).get()
    #expect(
      request.head.method == "POST" && request.head.target == "/a.B/C?x" && request.head.version == .http2)
    #expect(
      request.head.headers
        == HTTPHeaders([("x-a", "1"), ("content-length", "12"), ("cookie", "a; b"), ("Host", "h:1")]))
    #expect(request.contentLength == 12 && request.grpc == nil)
  }

  @Test func callsAreToldApart() throws {
    let own = [
      ("content-type", "application/grpc+proto"), ("te", "trailers"), ("grpc-encoding", "gzip"),
      ("grpc-accept-encoding", "identity, deflate ,gzip"), ("grpc-timeout", "5S"), ("user-agent", "x"),
    ]
    let made = block(pseudo + own)
    #expect(made.timeout == .nanoseconds(5_000_000_000))
    let request = try made.makeRequest(separatesGRPC: true).get()
    #expect(request.head.headers == HTTPHeaders([("user-agent", "x"), ("Host", "h:1")]))
    var wanted = HTTP2Request.GRPC()
    wanted.encoding = .gzip
    wanted.acceptsGzip = true
    wanted.acceptsTrailers = true
    wanted.isKnownType = true
    #expect(request.grpc == wanted)
    let plain = try made.makeRequest(separatesGRPC: false).get()
    #expect(plain.grpc == nil && plain.head.headers["content-type"] == "application/grpc+proto")
    #expect(plain.head.headers["grpc-encoding"] == "gzip")
  }

  @Test func timeoutsDoNotMakeBlocksDiffer() {
    let first = block(pseudo + [("grpc-timeout", "5S")])
    #expect(first.hasSameFields(as: block(pseudo + [("grpc-timeout", "4999m")]).bytes))
    #expect(!first.hasSameFields(as: block(pseudo + [("x", "1")]).bytes))
    for index in pseudo.indices {
      var other = pseudo
      other[index].1 += "x"
      #expect(!first.hasSameFields(as: block(other).bytes))
      other[index].1 = String(pseudo[index].1.dropLast()) + "_"
      #expect(!first.hasSameFields(as: block(other).bytes))
    }
  }

  @Test(
    "what HTTP/1.1 refuses is refused",
    arguments: [
      [(":method", "GET"), (":path", "/")], [(":path", "/"), (":authority", "h")],
      [(":method", "G T"), (":path", "/"), (":authority", "h")],
      [(":method", "GET"), (":path", "/a b"), (":authority", "h")],
      [(":method", "GET"), (":path", "x"), (":authority", "h")],
      [(":method", "GET"), (":path", "/"), (":authority", "u@h")],
      [(":method", "GET"), (":path", "/"), (":authority", "h:99999")],
      [(":method", "GET"), (":path", "/"), (":authority", "h"), ("expect", "x")],
      [(":method", "CONNECT"), (":authority", "h")],
    ])
  func refusals(_ fields: [(String, String)]) {
    guard case .failure(let error) = block(fields).makeRequest(separatesGRPC: true) else {
      Issue.record("\(fields) was taken")
      return
    }
    #expect([400, 417, 501].contains(error.status))
  }
}
