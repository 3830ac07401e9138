import Basics
import Crypto
import Testing

@Suite struct CertificateTests {
  let now = Timestamp(seconds: 1_790_000_000)

  @Test func anIssuedCertificateCoversLoopbackAndTheGivenNames() throws {
    let authority = try CertificateAuthority.generate(commonName: "test authority", now: now)
    let leaf = try authority.issue(
      commonName: "server", names: ["api.example.org", "10.1.2.3"], usage: [.server, .client], now: now,
      validity: .seconds(1000))
    let certificate = try Certificate(pem: leaf.certificatePEM)
    for name in ["localhost", "127.0.0.1", "::1", "api.example.org", "10.1.2.3"] {
      #expect(certificate.covers(name), "\(name)")
    }
    #expect(!certificate.covers("example.org"))
    #expect(!certificate.covers("10.1.2.4"))
    #expect(certificate.matches(try PrivateKey(pem: leaf.keyPEM)))
    #expect(certificate.notAfter == now.adding(.seconds(1000)))
    #expect(certificate.notBefore < now)
  }

  @Test func anAuthorityComesBackFromItsPEM() throws {
    let authority = try CertificateAuthority.generate(commonName: "test authority", now: now)
    let copy = try CertificateAuthority(
      certificatePEM: try authority.certificate.pem(), keyPEM: try authority.key.pem())
    _ = try copy.issue(commonName: "server", now: now)
    let other = try PrivateKey.generateP256()
    #expect(throws: CryptoError.self) {
      try CertificateAuthority(certificatePEM: try authority.certificate.pem(), keyPEM: try other.pem())
    }
  }

  @Test(arguments: ["a,DNS:evil.example", "", "a b", "x;y", "dirName:section"])
  func aNameThatIsNoNameIsRefused(_ name: String) throws {
    let authority = try CertificateAuthority.generate(commonName: "test authority", now: now)
    #expect(throws: CryptoError.self) { try authority.issue(commonName: "server", names: [name], now: now) }
  }

  @Test func garbageIsNoCertificateAndNoKey() {
    for text in ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
      #expect(throws: CryptoError.self) { try Certificate(pem: text) }
      #expect(throws: CryptoError.self) { try PrivateKey(pem: text) }
    }
  }

  @Test func rsaSignaturesVerifyAndNoticeChanges() throws {
    let key = try PrivateKey.generateRSA()
    let message = Bytes("header.claims".utf8)
    let signature = try key.signSHA256(message)
    #expect(signature.count == 256)
    #expect(key.verifySHA256(signature, of: message))
    #expect(!key.verifySHA256(signature, of: Bytes("header.Claims".utf8)))
    let restored = try PrivateKey(pem: try key.pem())
    #expect(restored.verifySHA256(signature, of: message))
  }
}
