import Basics
import Testing

@Suite struct PercentEncodingTests {
  @Test func pathsAndQueriesAreEncoded() {
    #expect(PercentEncoding.component("app=x,tier in (a b)") == "app%3Dx%2Ctier%20in%20%28a%20b%29")
    #expect(PercentEncoding.path("/api/v1/pods/a b?") == "/api/v1/pods/a%20b%3F")
    #expect(PercentEncoding.component("é") == "%C3%A9")
  }

  @Test func whatIsEncodedComesBack() {
    let text = (0..<128).map { String(UnicodeScalar(UInt8($0))) }.joined() + "é€😀"
    #expect(PercentEncoding.decode(PercentEncoding.component(text)) == text)
    #expect(PercentEncoding.decode(PercentEncoding.path(text)) == text)
    #expect(PercentEncoding.decodeLeniently(PercentEncoding.component(text)) == text)
  }

  @Test func plusIsASpaceInQueriesOnly() {
    #expect(PercentEncoding.decode("a+b%2Bc", plusIsSpace: true) == "a b+c")
    #expect(PercentEncoding.decode("a+b%2Bc") == "a+b+c")
  }

  @Test(arguments: ["%", "%4", "a%4", "%zz", "%%41", "%4 1"])
  func brokenEscapesAreRefusedOrKept(_ text: String) {
    #expect(PercentEncoding.decode(text) == nil)
    #expect(PercentEncoding.decodeLeniently(text) == text.replacingEscape)
  }

  @Test func whatIsNoUTF8IsRefused() {
    #expect(PercentEncoding.decode("%ff") == nil)
    #expect(PercentEncoding.decodeLeniently("%C3") == nil)
  }
}

extension String {
  /// The one well-formed escape among the broken ones above.
  fileprivate var replacingEscape: String { self == "%%41" ? "%A" : self }
}
