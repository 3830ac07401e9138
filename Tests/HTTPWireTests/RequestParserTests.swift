import Basics
import HTTPWire
import Testing

/// Everything a byte sequence means to the request side: heads and bodies in order, then an error or what is
/// missing.
struct Transcript: Equatable {
  struct Request: Equatable {
    var head: HTTPRequestHead
    var framing: HTTPBodyFraming
    var isPersistent: Bool
    var body: Bytes = []
    var isComplete = false
  }

  var requests: [Request] = []
  var error: Int?

  /// Feeds the pieces as a connection would: unused bytes come again with the next piece.
  init(_ pieces: [Bytes], limits: HTTPWireLimits = .init()) {
    var parser = HTTPRequestParser(limits: limits)
    var decoder: HTTPBodyDecoder?
    var kept = Bytes()
    for piece in pieces {
      kept += piece
      let used = kept.withUnsafeBytes { bytes -> Int in
        var offset = 0
        while error == nil {
          if decoder != nil {
            switch decoder?.next(bytes, &offset) {
            case .data(let range): requests[requests.count - 1].body += bytes[range]
            case .end:
              requests[requests.count - 1].isComplete = true
              decoder = nil
            case .failure(let failure): error = failure.status
            case .needsMore, nil: return offset
            }
            continue
          }
          if offset == bytes.count { return offset }
          switch parser.parse(UnsafeRawBufferPointer(rebasing: bytes[offset...])) {
          case .incomplete: return offset
          case .failure(let failure): error = failure.status
          case .head(let parsed, let length):
            offset += length
            requests.append(
              Request(head: parsed.head, framing: parsed.framing, isPersistent: parsed.isPersistent))
            decoder = HTTPBodyDecoder(parsed.framing, limits: limits)
          }
        }
        return offset
      }
      kept.removeFirst(used)
      if error != nil { return }
    }
  }

  init(_ text: String, limits: HTTPWireLimits = .init()) { self.init([Bytes(text.utf8)], limits: limits) }
}

@Suite struct RequestParserTests {
  @Test func aRequestComesOutAsItWasSent() {
    let result = Transcript(
      "POST /v1/models/iris:predict?a=%20b HTTP/1.1\r\nHost: x:80\r\n"
        + "content-length:  5 \r\nX-Empty:\r\n\r\nhello"
    )
    let request = result.requests.first
    #expect(result.error == nil)
    #expect(request?.head.method == "POST")
    #expect(request?.head.target == "/v1/models/iris:predict?a=%20b")
    #expect(request?.head.headers["X-Empty"] == "")
    #expect(request?.framing == .length(5))
    #expect(request?.isPersistent == true)
    #expect(request?.body == Bytes("hello".utf8))
  }

  @Test func pipelinedRequestsComeOutInOrder() {
    let one = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
    let two =
      "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: v\r\n\r\n"
    let result = Transcript(one + two + one)
    #expect(result.requests.map(\.head.target) == ["/1", "/2", "/1"])
    #expect(result.requests[1].body == Bytes("abc".utf8))
    #expect(result.requests.allSatisfy { $0.isComplete })
  }

  /// Framing fields, the version, and what must become of them: a framing, or a status.
  static let framings: [(fields: String, version: String, expected: String)] = [
    ("", "1.1", "none"),
    ("Content-Length: 0\r\n", "1.1", "length 0"),
    ("Content-Length: 3\r\n", "1.1", "length 3"),
    ("Content-Length: 3\r\n", "1.0", "length 3"),
    ("Content-Length: 003\r\n", "1.1", "length 3"),
    ("Transfer-Encoding: chunked\r\n", "1.1", "chunked"),
    ("Transfer-Encoding: Chunked\r\n", "1.1", "chunked"),
    ("transfer-encoding:chunked\r\n", "1.1", "chunked"),
    ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "1.1", "400"),
    ("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "1.1", "400"),
    ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "1.1", "400"),
    ("Transfer-Encoding: identity\r\nContent-Length: 3\r\n", "1.1", "400"),
    ("Content-Length: 3\r\nContent-Length: 3\r\n", "1.1", "400"),
    ("Content-Length: 3\r\nContent-Length: 4\r\n", "1.1", "400"),
    ("Content-Length: 3, 3\r\n", "1.1", "400"),
    ("Content-Length: 3,4\r\n", "1.1", "400"),
    ("Content-Length: +3\r\n", "1.1", "400"),
    ("Content-Length: -3\r\n", "1.1", "400"),
    ("Content-Length: 0x3\r\n", "1.1", "400"),
    ("Content-Length: 3 3\r\n", "1.1", "400"),
    ("Content-Length: \r\n", "1.1", "400"),
    ("Content-Length: 3.0\r\n", "1.1", "400"),
    ("Content-Length: 99999999999999999999\r\n", "1.1", "400"),
    ("Content-Length: 9223372036854775808\r\n", "1.1", "400"),
    ("Transfer-Encoding: chunked\r\n", "1.0", "400"),
    ("Transfer-Encoding: gzip\r\n", "1.1", "400"),
    ("Transfer-Encoding: identity\r\n", "1.1", "400"),
    ("Transfer-Encoding: \r\n", "1.1", "400"),
    ("Transfer-Encoding: chunked, gzip\r\n", "1.1", "400"),
    ("Transfer-Encoding: gzip, chunked\r\n", "1.1", "501"),
    ("Transfer-Encoding: chunked, chunked\r\n", "1.1", "400"),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "1.1", "400"),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "1.1", "400"),
    ("Transfer-Encoding: xchunked\r\n", "1.1", "400"),
    ("Transfer-Encoding: chunked;q=1\r\n", "1.1", "400"),
    ("Transfer-Encoding: \"chunked\"\r\n", "1.1", "400"),
    ("Transfer-Encoding: chun\u{0B}ked\r\n", "1.1", "400"),
    ("Transfer-Encoding : chunked\r\n", "1.1", "400"),
    ("Transfer-Encoding\t: chunked\r\n", "1.1", "400"),
    (" Transfer-Encoding: chunked\r\n", "1.1", "400"),
    ("X: y\r\n Transfer-Encoding: chunked\r\n", "1.1", "400"),
    ("X: y\r\n\tfolded\r\n", "1.1", "400"),
    ("Content-Length\u{0}: 3\r\n", "1.1", "400"),
    ("X: a\u{0}b\r\n", "1.1", "400"),
    ("X: a\rContent-Length: 3\r\n", "1.1", "400"),
    ("X: a\nContent-Length: 3\r\n", "1.1", "400"),
    ("X: a\n\r\n", "1.1", "400"),
    (": empty\r\n", "1.1", "400"),
    ("No colon\r\n", "1.1", "400"),
    ("Na(me: x\r\n", "1.1", "400"),
    ("N\u{E4}me: x\r\n", "1.1", "400"),
    ("Expect: 200-ok\r\n", "1.1", "417"),
    ("Host: y\r\n", "1.1", "400"),
    ("Host: y\r\n", "1.0", "400"),
  ]

  @Test(arguments: framings.indices)
  func framingIsStrict(_ index: Int) {
    let (fields, version, expected) = Self.framings[index]
    let result = Transcript("POST / HTTP/\(version)\r\nHost: x\r\n\(fields)\r\n")
    let outcome: String
    if let error = result.error {
      outcome = "\(error)"
    } else {
      switch result.requests.first?.framing {
      case .length(let length): outcome = "length \(length)"
      case .chunked: outcome = "chunked"
      case .some(.none): outcome = "none"
      case .untilClose, nil: outcome = "nothing"
      }
    }
    #expect(outcome == expected, "\(fields.debugDescription) in HTTP/\(version)")
  }

  static let heads: [(head: String, status: Int?)] = [
    ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", nil),
    ("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", nil),
    ("GET / HTTP/1.0\r\n\r\n", nil),
    ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", nil),
    ("GET http://y:8080/a?b HTTP/1.1\r\nHost: x\r\n\r\n", nil),
    ("GET / HTTP/1.1\r\nHost:\r\n\r\n", nil),
    ("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", nil),
    ("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", nil),
    ("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", nil),
    ("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("\n\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n\r\n", 400),
    ("GET / HTTP/1.1\nHost: x\n\n", 400),
    ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: u@b\r\n\r\n", 400),
    ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET /  HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
    ("GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (" GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GE(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET /#f HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET /\u{7F} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET /\u{E4} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET http://u@y/a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET /\r\nHost: x\r\n\r\n", 400),
    ("GET / http/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET / HTTP/1.1x\r\nHost: x\r\n\r\n", 400),
    ("GET / HTTP/11\r\nHost: x\r\n\r\n", 400),
    ("GET / HTTP/1.2\r\nHost: x\r\n\r\n", nil),
    ("GET / HTTP/1.9\r\n\r\n", 400),
    ("POST / HTTP/1.2\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400),
    ("GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505),
    ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    ("\u{16}\u{3}\u{1}\u{2}", 400),
  ]

  @Test(arguments: heads.indices)
  func requestLinesAreStrict(_ index: Int) {
    let (head, status) = Self.heads[index]
    let result = Transcript(head)
    #expect(result.error == status, "\(head.debugDescription)")
    if status == nil { #expect(result.requests.count == 1, "\(head.debugDescription)") }
  }

  @Test(
    "a host's port is a number that ports can be",
    arguments: [
      ("x:80", nil), ("x:", nil), ("x:65535", nil), ("x:080", nil), ("[::1]", nil), ("[::1]:80", nil),
      ("x:abc", 400), ("x:65536", 400), ("x:99999999", 400), ("x:-1", 400), ("x:1:2", 400), ("::1", 400),
      ("x:99999999999999999999999", 400), (":abc", 400), ("[::1]:x", 400), ("[::1]80", 400), ("[::1", 400),
      ("x:8a", 400),
    ] as [(String, Int?)])
  func ports(host: String, status: Int?) {
    #expect(Transcript("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").error == status)
    #expect(Transcript("GET http://\(host)/a HTTP/1.1\r\nHost: x\r\n\r\n").error == status)
  }

  @Test func manyEmptyLinesAreCalledThat() {
    var parser = HTTPRequestParser()
    let result = Bytes("\r\n\r\n\r\n\r\n\r\n".utf8).withUnsafeBytes { parser.parse($0) }
    guard case .failure(let error) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(error == HTTPWireError(400, "more than 4 empty lines come before the request"))
  }

  @Test func anAbsoluteTargetTakesThePlaceOfHost() {
    let request = Transcript("GET http://y:8080?b HTTP/1.1\r\nHost: x\r\n\r\n").requests.first
    #expect(request?.head.target == "/?b")
    #expect(request?.head.headers.all("Host") == ["y:8080"])
  }

  @Test func connectionsPersistAsTheVersionSays() {
    func persists(_ version: String, _ field: String) -> Bool? {
      Transcript("GET / HTTP/\(version)\r\nHost: x\r\n\(field)\r\n").requests.first?.isPersistent
    }
    #expect(persists("1.1", "") == true)
    #expect(persists("1.1", "Connection: Close\r\n") == false)
    #expect(persists("1.1", "Connection: upgrade, close\r\n") == false)
    #expect(persists("1.0", "") == false)
    #expect(persists("1.0", "Connection: keep-alive\r\n") == true)
    #expect(persists("1.0", "Connection: keep-alive\r\nConnection: close\r\n") == false)
  }

  @Test func limitsHaveTheirStatus() {
    var limits = HTTPWireLimits()
    limits.startLineBytes = 32
    limits.headBytes = 128
    limits.headerFields = 3
    let long = String(repeating: "a", count: 200)
    func status(_ text: String) -> Int? { Transcript(text, limits: limits).error }
    #expect(status("GET / HTTP/1.1\r\nHost: x\r\n\r\n") == nil)
    #expect(status("GET /\(long) HTTP/1.1\r\nHost: x\r\n\r\n") == 414)
    #expect(status("GET /\(long)") == 414)
    #expect(status("GET / HTTP/1.1\r\nHost: x\r\nX: \(long)\r\n\r\n") == 431)
    #expect(status("GET / HTTP/1.1\r\nHost: x\r\nX: \(long)") == 431)
    #expect(status("GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n") == 431)
  }

  @Test func valuesThatAreNotUTF8AreRefusedAndOthersKept() {
    let start = Bytes("GET / HTTP/1.1\r\nHost: x\r\nX: ".utf8)
    let end = Bytes("\r\n\r\n".utf8)
    #expect(Transcript([start + [0xFF] + end]).error == 400)
    #expect(Transcript([start + Bytes("ä".utf8) + end]).requests.first?.head.headers["X"] == "ä")
  }
}
