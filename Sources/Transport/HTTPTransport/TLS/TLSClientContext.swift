internal import COpenSSL

/// What a client needs for TLS. Certificates and names (or addresses) are always checked.
public final class TLSClientContext: Sendable {
  let context: TLSContext

  /// - Parameters:
  ///   - authorityPEM: the trusted roots; nil for the system's.
  ///   - certificatePEM: the client's own certificate, where it has one, with `keyPEM`.
  public init(
    authorityPEM: String? = nil, certificatePEM: String? = nil, keyPEM: String? = nil
  ) throws(TLSError) {
    context = try TLSContext(isServer: false)
    if let authorityPEM {
      try context.trust(authorityPEM: authorityPEM)
    } else if SSL_CTX_set_default_verify_paths(context.pointer) != 1 {
      throw .current("the system's certificates cannot be read")
    }
    if let certificatePEM {
      guard let keyPEM else { throw TLSError("a client certificate needs its key") }
      try context.use(certificatePEM: certificatePEM, keyPEM: keyPEM)
    }
    SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
  }
}
