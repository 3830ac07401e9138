import Basics
import HTTPTransport
import HTTPWire
import Testing

/// Long bodies that are neither copied when they come nor when they go.
@Suite(.timeLimit(.minutes(2))) struct LongBodyTests {
  @Test(
    "a long body begins where its handler wants it aligned, and comes back in pieces",
    arguments: [0, 7, 64, 131])
  func echoes(offset: Int) async throws {
    let handler = PieceHandler(offset: offset)
    let text = String((0..<30_000).map { "\($0)," }.joined())
    let found = try await withServer(.buffered(handler)) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        let head = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: \(text.utf8.count)\r\n\r\n"
        // The next request follows at once: nothing of it may end in the body before.
        try client.send(head + text + head + text)
        let first = try client.read(through: "end")
        return try first + client.read(through: "end")
      }
    }
    #expect(found.count(of: "aligned:\(text)short,\(text)end") == 2)
    #expect(found.count(of: "Content-Length: \(8 + text.utf8.count * 2 + 9)\r\n") == 2)
  }

  @Test(
    "after a long body come others, short ones and long heads, at once or one by one",
    arguments: [true, false])
  func followers(isPipelined: Bool) async throws {
    let text = String((0..<40_000).map { "\($0)," }.joined())
    let field = String(repeating: "y", count: 6000)
    func request(_ body: String, _ more: String = "") -> String {
      "POST /x HTTP/1.1\r\nHost: x\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
    let long = (request(text), "end")
    let requests = [
      long, long, (request("short"), "not long"), (request("short"), "not long"), long,
      (request(text, "More: \(field)\r\n"), "end"), (request(""), "not long"), long, long,
    ]
    let found = try await withServer(.buffered(PieceHandler(offset: 0))) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        if isPipelined { try client.send(requests.map(\.0).joined()) }
        var answers: [String] = []
        for (request, end) in requests {
          if !isPipelined { try client.send(request) }
          answers.append(try client.read(through: end))
        }
        return answers
      }
    }
    for (answer, request) in zip(found, requests) {
      #expect(answer.count(of: "aligned:\(text)short,\(text)end") == (request.1 == "end" ? 1 : 0))
      #expect(answer.hasPrefix("HTTP/1.1 \(request.1 == "end" ? 200 : 400)"))
    }
  }
}

/// Answers a long body twice, between short pieces.
private struct PieceHandler: BufferedHTTPHandler {
  let offset: Int

  func alignedOffset(in head: HTTPRequestHead) -> Int { offset }

  func handle(_ head: HTTPRequestHead, body: UnsafeRawBufferPointer, exchange: HTTPExchange) {
    exchange.respond(HTTPResponseHead(status: 400), body: Bytes("not long".utf8))
  }

  func handle(_ head: HTTPRequestHead, ownedBody body: ArraySlice<UInt8>, exchange: HTTPExchange) {
    let isAligned = body.withUnsafeBytes { (Int(bitPattern: $0.baseAddress) + offset) % 64 == 0 }
    exchange.respond(
      HTTPResponseHead(status: 200), body: Bytes((isAligned ? "aligned:" : "askew:").utf8),
      followedBy: [
        Piece(bytes: body), Piece(bytes: Bytes("short,".utf8)[...]), Piece(bytes: body),
        Piece(bytes: Bytes("end".utf8)[...]),
      ])
  }
}

private struct Piece: BodyPiece {
  let bytes: ArraySlice<UInt8>

  var byteCount: Int { bytes.count }
  func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) { bytes.withUnsafeBytes(body) }
}
