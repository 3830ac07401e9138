import Basics
import Crypto
import Testing

@Suite struct DigestTests {
  @Test func sha256MatchesThePublishedVectors() {
    #expect(SHA256.hexadecimal("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(SHA256.hexadecimal("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func hashingInPiecesEqualsHashingAtOnce() throws {
    let bytes = Bytes((0..<1000).map { UInt8(truncatingIfNeeded: $0) })
    let hasher = try SHA256Hasher()
    hasher.update(Bytes(bytes[..<7]))
    hasher.update(Bytes(bytes[7...]))
    #expect(hasher.finalize() == SHA256.digest(bytes))
  }

  @Test func hmacMatchesRFC4231() {
    let mac = HMACSHA256.authenticate(Bytes("what do ya want for nothing?".utf8), key: Bytes("Jefe".utf8))
    #expect(
      Hexadecimal.encode(mac) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  }

  @Test func hexadecimalGoesBothWaysAndRefusesGarbage() {
    #expect(Hexadecimal.decode("00ffA0") == [0, 255, 160])
    #expect(Hexadecimal.encode([0, 255, 160]) == "00ffa0")
    #expect(Hexadecimal.decode("0") == nil)
    #expect(Hexadecimal.decode("zz") == nil)
  }

  @Test func comparisonOfSecretsComparesAll() {
    #expect(ConstantTime.equal("secret", "secret"))
    #expect(!ConstantTime.equal("secret", "secreT"))
    #expect(!ConstantTime.equal("secret", "secrets"))
  }

  @Test func tokensAreLongAndDiffer() {
    let token = TokenGenerator.token()
    #expect(token.utf8.count == 43)
    #expect(token != TokenGenerator.token())
  }
}
