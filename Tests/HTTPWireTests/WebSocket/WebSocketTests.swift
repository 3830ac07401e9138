internal import Basics
internal import HTTPWire
internal import Testing

@Suite struct WebSocketTests {
  private func masked(_ code: UInt8, _ payload: Bytes, isFinal: Bool = true) -> Bytes {
    let mask: Bytes = [1, 2, 3, 4]
    var bytes: Bytes = [(isFinal ? 0x80 : 0) | code]
    if payload.count < 126 {
      bytes.append(0x80 | UInt8(payload.count))
    } else {
      bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    }
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
  }

  @Test func messagesComeWholeHoweverTheBytesAreCut() throws {
    let long = Bytes(repeating: 7, count: 300)
    let stream = masked(2, [1, 2, 3]) + masked(1, long) + masked(9, [5]) + masked(8, [3, 232])
    for step in [1, 2, 7, stream.count] {
      var parser = WebSocketParser()
      var messages: [WebSocketMessage] = []
      var position = 0
      while position < stream.count {
        parser.append(Bytes(stream[position..<min(position + step, stream.count)]))
        position += step
        while let message = try parser.next() { messages.append(message) }
      }
      #expect(messages == [.binary([1, 2, 3]), .text(long), .ping([5]), .close(1000)])
    }
  }

  @Test func fragmentsAreJoinedAndControlFramesMayComeBetween() throws {
    var parser = WebSocketParser()
    parser.append(masked(2, [1], isFinal: false) + masked(10, []) + masked(0, [2]))
    #expect(try parser.next() == .pong([]))
    #expect(try parser.next() == .binary([1, 2]))
    #expect(try parser.next() == nil)
  }

  @Test(
    arguments: [
      [0x82, 0x01, 0x00], [0xC2, 0x80, 0, 0, 0, 0], [0x83, 0x80, 0, 0, 0, 0], [0x80, 0x80, 0, 0, 0, 0],
      [0x08, 0x80, 0, 0, 0, 0], [0x88, 0x81, 0, 0, 0, 0, 0], [0x82, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0],
      [0x8B, 0x80, 0, 0, 0, 0],
    ] as [Bytes])
  func nonsenseIsRefused(bytes: Bytes) {
    var parser = WebSocketParser()
    parser.append(bytes)
    #expect(throws: WebSocketError.self) { try parser.next() }
  }

  @Test func longMessagesAreRefused() {
    var parser = WebSocketParser(maximumBytes: 100)
    parser.append(
      masked(2, Bytes(repeating: 0, count: 60), isFinal: false) + masked(0, Bytes(repeating: 0, count: 60)))
    #expect(throws: WebSocketError.tooLong) { try parser.next() }
  }

  @Test func serverFramesCarryTheirLength() {
    #expect(WebSocketSerializer.frame(.binary([9])) == [0x82, 1, 9])
    #expect(
      WebSocketSerializer.frame(.binary(Bytes(repeating: 0, count: 126))).prefix(4) == [0x82, 126, 0, 126])
    #expect(
      WebSocketSerializer.frame(.text(Bytes(repeating: 0, count: 65_536))).prefix(10)
        == [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0])
    #expect(WebSocketSerializer.frame(.close(1000)) == [0x88, 2, 3, 232])
  }
}
