import Basics
import HTTPWire
import Testing

@Suite struct SerializerTests {
  private func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func anAnswersHeadCarriesItsFraming() {
    var bytes = Bytes()
    let head = HTTPResponseHead(
      status: 200, headers: ["Content-Type": "text/plain", "Content-Length": "9", "Connection": "x"])
    HTTPSerializer.append(head, .init(framing: .length(2), closes: true), date: Bytes("D".utf8), to: &bytes)
    #expect(
      text(bytes)
        == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: D\r\n"
        + "Content-Length: 2\r\nConnection: close\r\n\r\n"
    )
  }

  @Test func anAnswersFieldsCannotEndALineEarly() {
    var bytes = Bytes()
    let head = HTTPResponseHead(
      status: 99_999, headers: ["X": "a\r\nSet-Cookie: b\u{0}\nc", "Bad name": "x", "": "y", "Z\r\n": "z"])
    HTTPSerializer.append(head, .init(framing: .none), to: &bytes)
    #expect(text(bytes) == "HTTP/1.1 500 Internal Server Error\r\nX: a  Set-Cookie: b  c\r\n\r\n")
  }

  @Test func aRequestThatCannotBeSentIsRefusedAndLeavesNothing() {
    let bad: [HTTPRequestHead] = [
      HTTPRequestHead(method: "GET ", target: "/"), HTTPRequestHead(method: "", target: "/"),
      HTTPRequestHead(method: "GET", target: ""),
      HTTPRequestHead(method: "GET", target: "/ HTTP/1.1\r\nX: y"),
      HTTPRequestHead(method: "GET", target: "/ä"),
      HTTPRequestHead(method: "GET", target: "/", headers: ["X": "a\nb"]),
      HTTPRequestHead(method: "GET", target: "/", headers: ["A": "fine", "X y": "a"]),
    ]
    for head in bad {
      var bytes = Bytes("before".utf8)
      #expect(HTTPSerializer.append(head, framing: .none, to: &bytes) != nil, "\(head)")
      #expect(text(bytes) == "before")
    }
  }

  @Test func whatIsWrittenIsReadBack() {
    var bytes = Bytes()
    let head = HTTPRequestHead(method: "POST", target: "/a?b", headers: ["Host": "x", "X-Y": "z"])
    #expect(HTTPSerializer.append(head, framing: .chunked, to: &bytes) == nil)
    HTTPSerializer.appendChunkStart(26, to: &bytes)
    bytes += Bytes(repeating: 97, count: 26) + Bytes("\r\n".utf8) + HTTPSerializer.lastChunk
    let result = Transcript([bytes])
    #expect(result.requests.first?.body.count == 26)
    #expect(result.requests.first?.head.headers["X-Y"] == "z")
    #expect(result.requests.first?.isComplete == true)
  }

  @Test func datesHaveTheFormOfRFC9110() {
    #expect(HTTPDate.format(Timestamp(seconds: 784_111_777)) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPDate.format(Timestamp(seconds: 0)) == "Thu, 01 Jan 1970 00:00:00 GMT")
    #expect(HTTPDate.format(Timestamp(seconds: 1_709_208_000)) == "Thu, 29 Feb 2024 12:00:00 GMT")
    #expect(HTTPDate.format(Timestamp(seconds: -5)) == "Thu, 01 Jan 1970 00:00:00 GMT")
  }
}
