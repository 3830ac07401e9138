public import Basics
internal import COpenSSL

/// An X.509 certificate. `@unchecked Sendable`: the certificate is never changed after init, and OpenSSL's
/// reads of it are thread-safe.
public final class Certificate: @unchecked Sendable {
  let pointer: OpaquePointer

  /// The first certificate of the text.
  public init(pem: String) throws(CryptoError) {
    guard let certificate = PEM.withReader(pem, { PEM_read_bio_X509($0, nil, nil, nil) }) else {
      throw .current("not a certificate in PEM form")
    }
    pointer = certificate
  }

  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { X509_free(pointer) }

  public func pem() throws(CryptoError) -> String {
    guard let text = PEM.write({ PEM_write_bio_X509($0, self.pointer) }) else {
      throw .current("cannot write a certificate")
    }
    return text
  }

  public var notBefore: Timestamp { Self.timestamp(X509_get0_notBefore(pointer)) }
  public var notAfter: Timestamp { Self.timestamp(X509_get0_notAfter(pointer)) }

  /// Whether it belongs to that key.
  public func matches(_ key: PrivateKey) -> Bool {
    defer { ERR_clear_error() }
    return X509_check_private_key(pointer, key.pointer) == 1
  }

  /// Whether the subject alternative names cover that DNS name or address literal.
  public func covers(_ name: String) -> Bool {
    X509_check_ip_asc(pointer, name, 0) == 1 || X509_check_host(pointer, name, name.utf8.count, 0, nil) == 1
  }

  private static func timestamp(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp {
    var seconds: Int64 = 0
    guard let time, apus_asn1_time_seconds(time, &seconds) == 1 else { return Timestamp(seconds: 0) }
    return Timestamp(seconds: seconds)
  }
}
