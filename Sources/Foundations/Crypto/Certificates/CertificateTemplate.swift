internal import Basics
internal import COpenSSL

/// A certificate in the making: names, times and serial first, then extensions, then the signature.
struct CertificateTemplate {
  let certificate: Certificate
  private let issuer = IssuerReference()

  private final class IssuerReference {
    var certificate: Certificate?
  }

  init(
    commonName: String, organizations: [String] = [], now: Timestamp, validity: Duration, key: PrivateKey
  ) throws(CryptoError) {
    guard let pointer = X509_new() else { throw .current("no memory for a certificate") }
    certificate = Certificate(owning: pointer)
    // An hour back, for machines whose clocks differ.
    let start = Int(clamping: now.seconds) - 3600
    let end = Int(clamping: now.seconds) + Int(clamping: validity.components.seconds)
    guard X509_set_version(pointer, 2) == 1,
      ASN1_TIME_set(X509_getm_notBefore(pointer), start) != nil,
      ASN1_TIME_set(X509_getm_notAfter(pointer), end) != nil,
      X509_set_pubkey(pointer, key.pointer) == 1
    else { throw .current("cannot prepare the certificate of \(commonName)") }
    try setSerial()
    let subject = X509_get_subject_name(pointer)
    for organization in organizations { try Self.add(subject, "O", organization) }
    try Self.add(subject, "CN", commonName)
  }

  func setIssuer(_ authority: Certificate) throws(CryptoError) {
    issuer.certificate = authority
    guard X509_set_issuer_name(certificate.pointer, X509_get_subject_name(authority.pointer)) == 1 else {
      throw .current("cannot set a certificate's issuer")
    }
  }

  /// - Parameter value: in OpenSSL's configuration syntax.
  func add(_ extensionIdentifier: Int32, _ value: String) throws(CryptoError) {
    let authority = issuer.certificate?.pointer ?? certificate.pointer
    guard apus_add_extension(certificate.pointer, authority, extensionIdentifier, value) == 1 else {
      throw .current("cannot add the certificate extension \"\(value)\"")
    }
  }

  func sign(by key: PrivateKey) throws(CryptoError) {
    guard X509_sign(certificate.pointer, key.pointer, EVP_sha256()) > 0 else {
      throw .current("cannot sign a certificate")
    }
  }

  /// 127 random bits: positive, at most 20 octets, never twice (RFC 5280 §4.1.2.2).
  private func setSerial() throws(CryptoError) {
    var bytes = RandomBytes.make(16)
    bytes[0] = bytes[0] & 0x7F | 0x40
    guard let number = BN_bin2bn(bytes, Int32(bytes.count), nil) else {
      throw .current("cannot make a serial number")
    }
    defer { BN_free(number) }
    guard BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.pointer)) != nil else {
      throw .current("cannot set a serial number")
    }
  }

  private static func add(_ name: OpaquePointer?, _ field: String, _ value: String) throws(CryptoError) {
    let bytes = Bytes(value.utf8)
    let encoding = MBSTRING_UTF8
    guard X509_NAME_add_entry_by_txt(name, field, encoding, bytes, Int32(clamping: bytes.count), -1, 0) == 1
    else {
      throw .current("\"\(value)\" cannot stand in a certificate's \(field)")
    }
  }
}
