public import Basics
internal import COpenSSL

/// A certificate with its key, both as PEM.
public struct CertificateAndKey: Sendable, Hashable {
  public var certificatePEM: String
  public var keyPEM: String

  public init(certificatePEM: String, keyPEM: String) {
    self.certificatePEM = certificatePEM
    self.keyPEM = keyPEM
  }
}

/// A small certificate authority on EC P-256. What it issues meets the strict profile of RFC 5280 that Python
/// 3.13 and Go check by default.
public struct CertificateAuthority: Sendable {
  public let certificate: Certificate
  public let key: PrivateKey

  /// An authority stored earlier.
  public init(certificatePEM: String, keyPEM: String) throws(CryptoError) {
    certificate = try Certificate(pem: certificatePEM)
    key = try PrivateKey(pem: keyPEM)
    guard certificate.matches(key) else {
      throw CryptoError("the authority's certificate and key do not match")
    }
  }

  private init(certificate: Certificate, key: PrivateKey) {
    self.certificate = certificate
    self.key = key
  }

  public static func generate(
    commonName: String, now: Timestamp, validity: Duration = .seconds(10 * 365 * 86_400)
  ) throws(CryptoError) -> CertificateAuthority {
    let key = try PrivateKey.generateP256()
    let template = try CertificateTemplate(commonName: commonName, now: now, validity: validity, key: key)
    try template.setIssuer(template.certificate)
    try template.add(NID_basic_constraints, "critical,CA:TRUE")
    try template.add(NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature")
    try template.add(NID_subject_key_identifier, "hash")
    try template.sign(by: key)
    return CertificateAuthority(certificate: template.certificate, key: key)
  }

  /// What a leaf certificate may be used for.
  public struct Usage: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let server = Usage(rawValue: 1)
    public static let client = Usage(rawValue: 2)
  }

  /// A new key with a certificate for it.
  /// - Parameters:
  ///   - names: DNS names and address literals beside `localhost`, `127.0.0.1` and `::1`, which every leaf
  ///     carries.
  ///   - organizations: groups, where the certificate is a Kubernetes user's.
  public func issue(
    commonName: String, organizations: [String] = [], names: [String] = [], usage: Usage = .server,
    now: Timestamp, validity: Duration = .seconds(365 * 86_400)
  ) throws(CryptoError) -> CertificateAndKey {
    let leafKey = try PrivateKey.generateP256()
    let template = try CertificateTemplate(
      commonName: commonName, organizations: organizations, now: now, validity: validity, key: leafKey)
    try template.setIssuer(certificate)
    try template.add(NID_basic_constraints, "critical,CA:FALSE")
    try template.add(NID_key_usage, "critical,digitalSignature")
    var purposes: [String] = []
    if usage.contains(.server) { purposes.append("serverAuth") }
    if usage.contains(.client) { purposes.append("clientAuth") }
    if !purposes.isEmpty { try template.add(NID_ext_key_usage, purposes.joined(separator: ",")) }
    try template.add(NID_subject_key_identifier, "hash")
    try template.add(NID_authority_key_identifier, "keyid:always")
    try template.add(NID_subject_alt_name, try Self.alternativeNames(names))
    try template.sign(by: key)
    return CertificateAndKey(certificatePEM: try template.certificate.pem(), keyPEM: try leafKey.pem())
  }

  /// OpenSSL's list syntax has no quoting, so names are held to the characters that names and addresses have.
  private static func alternativeNames(_ extra: [String]) throws(CryptoError) -> String {
    var entries: [String] = []
    for name in ["localhost", "127.0.0.1", "::1"] + extra {
      let allowed = name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        case UInt8(ascii: "*"), UInt8(ascii: "_"): true
        default: false
        }
      }
      guard !name.isEmpty, allowed || isAddress(name) else {
        throw CryptoError("\"\(name)\" is neither a DNS name nor an address for a certificate")
      }
      let entry = isAddress(name) ? "IP:\(name)" : "DNS:\(name)"
      if !entries.contains(entry) { entries.append(entry) }
    }
    return entries.joined(separator: ",")
  }

  private static func isAddress(_ name: String) -> Bool {
    guard let address = a2i_IPADDRESS(name) else {
      ERR_clear_error()
      return false
    }
    ASN1_OCTET_STRING_free(address)
    return true
  }
}
