import Basics
import HTTPWire
import TestSupport
import Testing

@Suite struct ParserRobustnessTests {
  static let conversation = Bytes(
    """
    GET /v2/health/ready HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n\
    POST /v1/models/a:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world\
    \r\nPUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
    5;e=1\r\nhello\r\nC\r\n there world\r\n0\r\nT: 1\r\n\r\n\
    DELETE /d HTTP/1.0\r\nConnection: keep-alive\r\nX: ä\r\n\r\n
    """.utf8)

  private func split(_ bytes: Bytes, _ generator: inout SeededGenerator) -> [Bytes] {
    var pieces: [Bytes] = []
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + Int.random(in: 1...24, using: &generator))
      pieces.append(Bytes(bytes[start..<end]))
      start = end
    }
    return pieces
  }

  @Test func howBytesAreSplitMakesNoDifference() {
    let whole = Transcript([Self.conversation])
    #expect(whole.requests.count == 4)
    #expect(whole.requests.allSatisfy { $0.isComplete })
    #expect(Transcript(Self.conversation.map { [$0] }) == whole)
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<500 { #expect(Transcript(split(Self.conversation, &generator)) == whole) }
  }

  @Test func everyTruncationWaitsForMoreAndNeverFails() {
    for count in 0..<Self.conversation.count {
      #expect(Transcript([Bytes(Self.conversation[..<count])]).error == nil, "after \(count) bytes")
    }
  }

  @Test func damagedBytesGiveTheSameResultHoweverTheyAreSplit() {
    var generator = SeededGenerator(seed: 2)
    let interesting: Bytes = [0, 9, 10, 13, 32, 44, 48, 58, 59, 65, 127, 128, 255]
    for _ in 0..<3000 {
      var bytes = Self.conversation
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[index] = interesting.randomElement(using: &generator) ?? 0
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(interesting.randomElement(using: &generator) ?? 0, at: index)
        default: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        }
      }
      #expect(Transcript(split(bytes, &generator)) == Transcript([bytes]))
    }
  }

  @Test func garbageEndsInAnErrorOrInWaiting() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<3000 {
      let count = Int.random(in: 0...300, using: &generator)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(Transcript([bytes]).requests.isEmpty)
      var parser = HTTPResponseParser()
      bytes.withUnsafeBytes { buffer in
        if case .head = parser.parse(buffer) { Issue.record("garbage parsed as an answer") }
      }
    }
  }
}
