import Basics
import HTTPWire
import Testing

@Suite struct ResponseParserTests {
  private func parse(_ text: String, answersHEAD: Bool = false) -> HTTPResponseParser.Result {
    var parser = HTTPResponseParser()
    return Bytes(text.utf8).withUnsafeBytes { parser.parse($0, answersHEAD: answersHEAD) }
  }

  private func framing(_ text: String, answersHEAD: Bool = false) -> HTTPBodyFraming? {
    guard case .head(let parsed, _) = parse(text, answersHEAD: answersHEAD) else { return nil }
    return parsed.framing
  }

  @Test func theFramingFollowsStatusRequestAndFields() {
    #expect(framing("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n") == .length(3))
    #expect(framing("HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n") == .length(3))
    #expect(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") == .chunked)
    #expect(framing("HTTP/1.1 200 OK\r\n\r\n") == .untilClose)
    #expect(
      framing("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", answersHEAD: true) == HTTPBodyFraming.none)
    for status in [100, 103, 204, 304] {
      #expect(framing("HTTP/1.1 \(status) X\r\nContent-Length: 3\r\n\r\n") == HTTPBodyFraming.none)
    }
  }

  @Test func aConnectionWithoutAnEndOfItsBodyIsNotPersistent() {
    guard case .head(let parsed, let length) = parse("HTTP/1.1 200 OK\r\nX: y\r\n\r\nbody") else {
      Issue.record("not parsed")
      return
    }
    #expect(!parsed.isPersistent)
    #expect(parsed.head.status == 200)
    #expect(parsed.head.headers["x"] == "y")
    #expect(length == 25)
  }

  @Test(arguments: [
    "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1 099 X\r\n\r\n",
    "HTTP/2.0 200 OK\r\n\r\n", "HTTX/1.1 200 OK\r\n\r\n", "200 OK\r\n\r\n", "HTTP/1.1 200 OK\nX: y\n\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 O\u{0}K\r\n\r\n",
  ])
  func ambiguousAnswersAreRefused(_ text: String) {
    guard case .failure = parse(text) else {
      Issue.record("accepted: \(text.debugDescription)")
      return
    }
  }

  @Test func bytesThatAreNotUTF8InAnAnswerAreRepaired() {
    var parser = HTTPResponseParser()
    let bytes = Bytes("HTTP/1.1 200 OK\r\nX: ".utf8) + [0xFF] + Bytes("\r\n\r\n".utf8)
    guard case .head(let parsed, _) = bytes.withUnsafeBytes({ parser.parse($0) }) else {
      Issue.record("not parsed")
      return
    }
    #expect(parsed.head.headers["X"] == "\u{FFFD}")
  }
}
