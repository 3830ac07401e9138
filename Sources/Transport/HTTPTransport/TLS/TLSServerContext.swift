internal import COpenSSL
internal import Synchronization

/// What a server needs for TLS 1.2 and 1.3.
public final class TLSServerContext: Sendable {
  private let current: Mutex<TLSContext>

  /// What sessions that begin now are made of.
  var context: TLSContext { current.withLock { $0 } }

  /// - Parameters:
  ///   - certificatePEM: the server's certificate, with intermediates after it.
  ///   - clientAuthorityPEM: where given, clients may present a certificate, which must chain up to it.
  public init(certificatePEM: String, keyPEM: String, clientAuthorityPEM: String? = nil) throws(TLSError) {
    current = Mutex(
      try Self.make(certificatePEM: certificatePEM, keyPEM: keyPEM, clientAuthorityPEM: clientAuthorityPEM))
  }

  /// Sessions that begin from now on show this certificate; others go on.
  public func renew(
    certificatePEM: String, keyPEM: String, clientAuthorityPEM: String? = nil
  ) throws(TLSError) {
    let context = try Self.make(
      certificatePEM: certificatePEM, keyPEM: keyPEM, clientAuthorityPEM: clientAuthorityPEM)
    current.withLock { $0 = context }
  }

  private static func make(
    certificatePEM: String, keyPEM: String, clientAuthorityPEM: String?
  ) throws(TLSError) -> TLSContext {
    let context = try TLSContext(isServer: true)
    try context.use(certificatePEM: certificatePEM, keyPEM: keyPEM)
    if let clientAuthorityPEM {
      try context.trust(authorityPEM: clientAuthorityPEM)
      SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
    }
    // Without a name for them, resumed sessions fail where client certificates are asked for.
    SSL_CTX_set_session_id_context(context.pointer, "apus", 4)
    SSL_CTX_set_alpn_select_cb(context.pointer, selectProtocol, nil)
    return context
  }
}

/// ALPN: `h2` before `http/1.1`; a client that offers only others goes on without an agreement.
private func selectProtocol(
  _ session: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
  _ chosenLength: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredLength: UInt32,
  _ argument: UnsafeMutableRawPointer?
) -> Int32 {
  guard let offered, let chosen, let chosenLength else { return SSL_TLSEXT_ERR_NOACK }
  let list = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
  for wanted in ["h2", "http/1.1"] {
    var index = 0
    while index < list.count {
      let length = Int(list[index])
      let end = index + 1 + length
      guard end <= list.count else { break }
      if list[(index + 1)..<end].elementsEqual(wanted.utf8) {
        chosen.pointee = offered + index + 1
        chosenLength.pointee = UInt8(truncatingIfNeeded: length)
        return SSL_TLSEXT_ERR_OK
      }
      index = end
    }
  }
  return SSL_TLSEXT_ERR_NOACK
}
