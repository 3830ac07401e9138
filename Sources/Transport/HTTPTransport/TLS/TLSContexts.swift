/// A certificate, key or handshake that TLS could not use.
public struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
  public var message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}

/// What a server needs for TLS 1.2 and 1.3.
public final class TLSServerContext: Sendable {
  /// - Parameters:
  ///   - certificatePEM: the server's certificate, with intermediates after it.
  ///   - clientAuthorityPEM: where given, clients may present a certificate that must chain up to it.
  public init(certificatePEM: String, keyPEM: String, clientAuthorityPEM: String? = nil) throws(TLSError) {}
}

/// What a client needs for TLS. Certificates and names (or addresses) are always checked.
public final class TLSClientContext: Sendable {
  /// - Parameters:
  ///   - authorityPEM: the trusted roots; nil for the system's.
  public init(
    authorityPEM: String? = nil, certificatePEM: String? = nil, keyPEM: String? = nil
  ) throws(TLSError) {}
}
