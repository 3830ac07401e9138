public import Basics
internal import Crypto
public import Linux

/// What the API server proves itself with and what lets its administrator in: a CA, a server certificate
/// and a token, made once and kept in the data directory under `pki/`.
public struct ClusterCredentials: Sendable {
  public let authorityPEM: String
  public let serverCertificatePEM: String
  public let serverKeyPEM: String
  public let adminToken: String
  /// Signs tokens of ServiceAccounts.
  public let serviceAccountKeyPEM: String

  private static let authorityLifetime: Duration = .seconds(10 * 365 * 86_400)
  private static let serverLifetime: Duration = .seconds(5 * 365 * 86_400)
  private static let renewalMargin: Duration = .seconds(30 * 86_400)
  private static let names = [
    "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local", "127.0.0.1", "::1",
  ]

  /// Reads `<dataDirectory>/pki`, and makes what is missing, about to expire or does not fit. Reads and
  /// writes files: call it on a thread that may block.
  /// - Parameter extraNames: further DNS names and addresses that the server is reached under.
  public static func load(
    dataDirectory: String, extraNames: [String] = [], clock: any WallClock = SystemClock()
  ) throws -> ClusterCredentials {
    let files = CredentialFiles(directory: dataDirectory + "/pki")
    try files.createDirectory()
    let now = clock.now()
    let authority = try loadAuthority(files, now)
    let server = try loadServer(files, authority.authority, names + extraNames, now, isNew: authority.isNew)
    return ClusterCredentials(
      authorityPEM: try authority.authority.certificate.pem(), serverCertificatePEM: server.certificatePEM,
      serverKeyPEM: server.keyPEM, adminToken: try loadToken(files),
      serviceAccountKeyPEM: try loadServiceAccountKey(files))
  }

  private static func loadAuthority(
    _ files: CredentialFiles, _ now: Timestamp
  ) throws -> (authority: CertificateAuthority, isNew: Bool) {
    if let certificate = try files.read("ca.crt"), let key = try files.read("ca.key"),
      let authority = try? CertificateAuthority(certificatePEM: certificate, keyPEM: key),
      isCurrent(authority.certificate, now), authority.certificate.matches(authority.key)
    {
      return (authority, false)
    }
    let authority = try CertificateAuthority.generate(
      commonName: "apus", now: now, validity: authorityLifetime)
    try files.write("ca.key", try authority.key.pem())
    try files.write("ca.crt", try authority.certificate.pem())
    return (authority, true)
  }

  private static func loadServer(
    _ files: CredentialFiles, _ authority: CertificateAuthority, _ names: [String], _ now: Timestamp,
    isNew: Bool
  ) throws -> CertificateAndKey {
    if !isNew, let certificatePEM = try files.read("server.crt"), let keyPEM = try files.read("server.key"),
      let certificate = try? Certificate(pem: certificatePEM), let key = try? PrivateKey(pem: keyPEM),
      isCurrent(certificate, now), certificate.matches(key), names.allSatisfy(certificate.covers)
    {
      return CertificateAndKey(certificatePEM: certificatePEM, keyPEM: keyPEM)
    }
    let issued = try authority.issue(
      commonName: "apus-apiserver", names: names, usage: .server, now: now, validity: serverLifetime)
    try files.write("server.key", issued.keyPEM)
    try files.write("server.crt", issued.certificatePEM)
    return issued
  }

  private static func loadServiceAccountKey(_ files: CredentialFiles) throws -> String {
    if let text = try files.read("sa.key"), (try? PrivateKey(pem: text)) != nil { return text }
    let text = try PrivateKey.generateRSA().pem()
    try files.write("sa.key", text)
    return text
  }

  private static func loadToken(_ files: CredentialFiles) throws -> String {
    if let text = try files.read("admin.token") {
      let token = text.filter { !$0.isWhitespace }
      if token.utf8.count >= 32 { return token }
    }
    let token = TokenGenerator.token()
    try files.write("admin.token", token + "\n")
    return token
  }

  private static func isCurrent(_ certificate: Certificate, _ now: Timestamp) -> Bool {
    certificate.notBefore <= now && now.adding(renewalMargin) < certificate.notAfter
  }
}

/// The files under `pki/`: readable by their owner alone.
private struct CredentialFiles {
  let directory: String

  private static let maximumBytes = 1 << 20

  func createDirectory() throws {
    try Files.createDirectories(directory, permissions: 0o700)
    try Files.setPermissions(directory, 0o700)
  }

  /// Nil where there is no such file.
  func read(_ name: String) throws -> String? {
    let path = "\(directory)/\(name)"
    guard Files.exists(path) else { return nil }
    return String(decoding: try Files.read(path, limit: Self.maximumBytes), as: UTF8.self)
  }

  func write(_ name: String, _ text: String) throws {
    try Files.writeAtomically(Bytes(text.utf8), to: "\(directory)/\(name)", permissions: 0o600)
  }
}
