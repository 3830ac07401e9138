import Basics
import Testing

@Suite struct Base64Tests {
  @Test func base64MatchesRFC4648() {
    let vectors = [
      "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=",
      "foobar": "Zm9vYmFy",
    ]
    for (plain, encoded) in vectors {
      #expect(Base64.encode(Bytes(plain.utf8)) == encoded)
      #expect(Base64.decode(encoded) == Bytes(plain.utf8))
    }
    #expect(Base64.encodeURL([0xFB, 0xFF]) == "-_8")
    #expect(Base64.decodeURL("-_8") == [0xFB, 0xFF])
  }

  @Test(arguments: [
    "Zg", "Zg=", "Zh==", "Z===", "====", "Zm9v\n", "Zm 9v", "Zm9*", "Zg==Zg==", "=m9v", "-_8=",
  ])
  func strictBase64RefusesWhatIsNotCanonical(_ text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test func linesAreJoined() {
    #expect(Base64.decodeLines("aGVs\r\nbG8=\n") == Bytes("hello".utf8))
    #expect(Base64.decodeLines("") == [])
    for bad in ["a", "aGVsbG8", "====", "aG=s", "a-b_"] { #expect(Base64.decodeLines(bad) == nil) }
  }
}
