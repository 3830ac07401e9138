import Basics
import HTTPWire
import Testing

@Suite struct BodyDecoderTests {
  private func status(_ body: String, _ limits: HTTPWireLimits = .init()) -> Int? {
    Transcript("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body, limits: limits)
      .error
  }

  static let malformed = [
    "g\r\n", "\r\n", ";\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n", "3\nabc\r\n", "3\r\rabc\r\n", "3\r\nabcd\r\n",
    "3\r\nabc\n0\r\n\r\n", "3\r\nabc\r0\r\n\r\n", "0x3\r\nabc\r\n", "+3\r\nabc\r\n", "-3\r\nabc\r\n",
    "ffffffffffffffff\r\n", "7fffffffffffffff\r\n", "10000000000000000000003\r\nabc\r\n",
    "3;a=\u{0}\r\nabc\r\n", "3;a\nb\r\nabc\r\n", "0\r\nBad Trailer: x\r\n\r\n", "0\r\n: x\r\n\r\n",
    "0\r\n folded: x\r\n\r\n", "0\r\nA: x\n\r\n", "0\r\nA: \u{1}\r\n\r\n", "0\r\n\rX",
    "0\r\nGET / HTTP/1.1\r\n\r\n",
  ]

  @Test(arguments: malformed)
  func malformedChunksAreRefused(_ body: String) { #expect(status(body) == 400, "\(body.debugDescription)") }

  @Test func extensionsAndTrailersAreBoundedAndDropped() {
    var limits = HTTPWireLimits()
    limits.chunkExtensionBytes = 8
    limits.trailerBytes = 16
    #expect(status("1;a=b\r\nx\r\n0;c\r\nT: v\r\n\r\n", limits) == nil)
    #expect(status("1;a=bcdefgh\r\nx\r\n", limits) == 400)
    #expect(status("1;abcd\r\nx\r\n1;abcde\r\n", limits) == 400)
    #expect(status("0\r\nTrailer: 123456789\r\n\r\n", limits) == 400)
  }

  @Test func chunkSizesTakeEitherCaseAndLeadingZeros() {
    let text =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      + "00A\r\n0123456789\r\na\r\n0123456789\r\n000\r\n\r\n"
    let request = Transcript(text).requests.first
    #expect(request?.body.count == 20)
    #expect(request?.isComplete == true)
  }
}
