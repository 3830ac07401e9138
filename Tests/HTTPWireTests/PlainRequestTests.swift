import HTTPWire
import Testing

/// What the plain scanner takes, the parser takes too, and says the same of it.
@Suite struct PlainRequestTests {
  private func scan(_ text: String) -> HTTPPlainRequest? {
    Array(text.utf8).withUnsafeBytes { HTTPPlainRequest.scan($0, limits: HTTPWireLimits()) }
  }

  private func head(_ fields: String, line: String = "POST /v2/models/m/infer HTTP/1.1") -> String {
    "\(line)\r\n\(fields)\r\n"
  }

  private let usual = "Host: localhost:8080\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"

  @Test func `a usual client's head is plain`() throws {
    let text = head(usual + "User-Agent: x/1.0 (y)\r\nAccept: */*\r\nconnection: Keep-Alive\r\n")
    let plain = try #require(scan(text + "{}"))
    #expect(plain.headLength == text.utf8.count && plain.contentLength == 12)
    let target = Array(text.utf8)[plain.target]
    #expect(String(decoding: target, as: UTF8.self) == "/v2/models/m/infer")
  }

  @Test(arguments: [
    "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "Connection: close\r\n",
    "Content-Length: 12\r\n", "Host: b\r\n", "Content-Encoding: gzip\r\n", "Upgrade: h2c\r\n",
    "Inference-Header-Content-Length: 3\r\n", "ce-id: 1\r\n", "X-Request-Id: 1\r\n", "X-Unknown: 1\r\n",
    "Accept: a\tb\r\n", "Accept: \u{e4}\r\n", "Accept : a\r\n", " Accept: a\r\n", "Accept: a\n", ": a\r\n",
    "Accept: a\rb\r\n", "Content-Type: text/plain\r\n",
  ])
  func `what may change the answer is not plain`(_ field: String) {
    #expect(scan(head(usual + field)) == nil)
    #expect(scan(head(field + usual)) == nil)
  }

  @Test(arguments: [
    "GET / HTTP/1.1", "POST / HTTP/1.0", "POST  / HTTP/1.1", "POST /a b HTTP/1.1", "POST /#a HTTP/1.1",
    "POST http://a/ HTTP/1.1", "post / HTTP/1.1", "POST / HTTP/2.0", "POST / http/1.1", "POST * HTTP/1.1",
    "POST /\u{7f} HTTP/1.1",
  ])
  func `other request lines are not plain`(_ line: String) {
    #expect(scan(head(usual, line: line)) == nil)
  }

  @Test func `lengths and hosts are read strictly`() {
    for length in ["", "-1", "+1", "1 2", "0x1", "1,1", "99999999999999999999"] {
      #expect(scan(head("Host: a\r\nContent-Length: \(length)\r\n")) == nil, "\(length)")
    }
    for host in ["a b", "a/b", "a:b", "a:99999", "a@b"] {
      #expect(scan(head("Host: \(host)\r\nContent-Length: 1\r\n")) == nil, "\(host)")
    }
    #expect(scan(head("Content-Length: 1\r\n")) == nil)
    #expect(scan(head("Host: a\r\n")) == nil)
  }

  @Test func `a head cut anywhere is not plain`() {
    let text = head(usual)
    for length in 0..<text.utf8.count {
      #expect(scan(String(decoding: text.utf8.prefix(length), as: UTF8.self)) == nil)
    }
    #expect(scan(text) != nil)
  }

  @Test func `bent heads are the parser's, or both agree`() throws {
    let fields = [
      "Host: a", "Host: [::1]:80", "Content-Length: 5", "content-length:7 ", "Content-Type: application/json",
      "Accept:", "Cookie: a=b; c", "Connection: keep-alive", "Connection: close", "TE: x", "Origin: null",
    ]
    var agreed = 0
    for _ in 0..<20_000 {
      var lines = ["Host: a", "Content-Length: 3"]
      for _ in 0..<Int.random(in: 0...4) { lines.append(fields.randomElement() ?? "") }
      lines.shuffle()
      var bytes = Array(head(lines.joined(separator: "\r\n") + "\r\n").utf8)
      if Bool.random() {
        bytes[Int.random(in: 0..<bytes.count)] = Array(" \r\n\t:#/aZ0\0\u{7f}-,".utf8).randomElement() ?? 0
      }
      let plain = bytes.withUnsafeBytes { HTTPPlainRequest.scan($0, limits: HTTPWireLimits()) }
      guard let plain else { continue }
      var parser = HTTPRequestParser()
      let text = String(decoding: bytes, as: UTF8.self)
      guard case .head(let parsed, let length) = bytes.withUnsafeBytes({ parser.parse($0) }) else {
        Issue.record("only the plain scanner takes \(text)")
        continue
      }
      agreed += 1
      #expect(length == plain.headLength, "\(text)")
      #expect(parsed.framing == .length(plain.contentLength), "\(text)")
      #expect(parsed.head.target == String(decoding: bytes[plain.target], as: UTF8.self), "\(text)")
      #expect(parsed.head.method == "POST" && parsed.head.version == .http11, "\(text)")
      #expect(parsed.isPersistent && !parsed.expectsContinue, "\(text)")
    }
    #expect(agreed > 500)
  }
}
