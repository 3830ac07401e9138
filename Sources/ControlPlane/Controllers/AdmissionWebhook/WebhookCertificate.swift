internal import Basics
internal import Crypto
internal import Formats
internal import KubeProtocol

/// The webhook's own authority and the certificate that it issued, as they lie in a Secret that all replicas
/// share.
struct WebhookCertificate: Sendable, Hashable {
  static let secretName = "kserve-webhook-server-cert"

  let authorityPEM: String
  let authorityKeyPEM: String
  let server: CertificateAndKey

  private static let authorityLifetime: Duration = .seconds(10 * 365 * 86_400)
  private static let serverLifetime: Duration = .seconds(365 * 86_400)
  /// An authority shall outlive what it issues.
  private static let authorityMargin: Duration = .seconds(2 * 365 * 86_400)
  private static let serverMargin: Duration = .seconds(120 * 86_400)

  /// New, by the earlier one's authority where that is still good: then nobody who trusts it notices.
  static func issue(
    for names: [String], after earlier: WebhookCertificate?, now: Timestamp
  ) throws(CryptoError) -> WebhookCertificate {
    let authority =
      if let kept = earlier?.authority(now) {
        kept
      } else {
        try CertificateAuthority.generate(
          commonName: "kserve-webhook-server", now: now, validity: authorityLifetime)
      }
    let server = try authority.issue(
      commonName: names.last ?? "kserve-webhook-server", names: names, now: now, validity: serverLifetime)
    return WebhookCertificate(
      authorityPEM: try authority.certificate.pem(), authorityKeyPEM: try authority.key.pem(), server: server)
  }

  /// Nil where it does not last.
  private func authority(_ now: Timestamp) -> CertificateAuthority? {
    guard let authority = try? CertificateAuthority(certificatePEM: authorityPEM, keyPEM: authorityKeyPEM),
      authority.certificate.lasts(Self.authorityMargin, from: now)
    else { return nil }
    return authority
  }

  /// Whether it can be shown to clients for a while yet.
  func isGood(for names: [String], now: Timestamp) -> Bool {
    guard let certificate = try? Certificate(pem: server.certificatePEM),
      let key = try? PrivateKey(pem: server.keyPEM), certificate.matches(key),
      authority(now) != nil
    else { return false }
    return certificate.lasts(Self.serverMargin, from: now) && names.allSatisfy(certificate.covers)
  }

  // MARK: the Secret

  /// Nil where the Secret lacks a part.
  init?(_ secret: KubeObject) {
    func text(_ key: String) -> String? {
      (secret["data"]?[key]?.string).flatMap(Base64.decode).map { String(decoding: $0, as: UTF8.self) }
    }
    guard let authority = text("ca.crt"), let authorityKey = text("ca.key"),
      let certificate = text("tls.crt"), let key = text("tls.key")
    else { return nil }
    self.init(
      authorityPEM: authority, authorityKeyPEM: authorityKey,
      server: CertificateAndKey(certificatePEM: certificate, keyPEM: key))
  }

  init(authorityPEM: String, authorityKeyPEM: String, server: CertificateAndKey) {
    self.authorityPEM = authorityPEM
    self.authorityKeyPEM = authorityKeyPEM
    self.server = server
  }

  /// - Parameter secret: as it is stored, or a new one.
  func write(into secret: inout KubeObject) {
    if secret["type"] == nil { secret["type"] = "kubernetes.io/tls" }
    var data = secret["data"]?.object ?? JSONObject()
    for (key, text) in [
      ("ca.crt", authorityPEM), ("ca.key", authorityKeyPEM), ("tls.crt", server.certificatePEM),
      ("tls.key", server.keyPEM),
    ] { data[key] = .string(Base64.encode(Bytes(text.utf8))) }
    secret["data"] = .object(data)
  }
}

extension Certificate {
  fileprivate func lasts(_ duration: Duration, from now: Timestamp) -> Bool {
    notBefore <= now && now.adding(duration) < notAfter
  }
}
