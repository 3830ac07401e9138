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
