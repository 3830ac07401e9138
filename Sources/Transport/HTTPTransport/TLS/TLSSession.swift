internal import Basics
internal import COpenSSL

/// One TLS connection between two byte queues: it knows no socket. Belongs to one thread.
final class TLSSession {
  enum HandshakeProgress {
    case wantsMore, done
    case failed(String)
  }

  enum DecryptResult {
    case bytes(Int)
    case needsMore
    /// The peer ended the session in order.
    case closed
    case failed(String)
  }

  private let session: OpaquePointer
  /// Both belong to the session.
  private let networkInput: OpaquePointer
  private let networkOutput: OpaquePointer
  private(set) var receivedClose = false

  /// Memory for output that a session keeps while it has none.
  static let keptCapacity = 8 << 10
  /// What the session holds for its output.
  var outputCapacity: Int { apus_bio_capacity(networkOutput) }

  init(_ server: TLSServerContext) throws(TLSError) {
    (session, networkInput, networkOutput) = try Self.make(server.context)
    SSL_set_accept_state(session)
  }

  /// - Parameter serverName: the DNS name or address literal that the server's certificate must carry.
  init(_ client: TLSClientContext, serverName: String) throws(TLSError) {
    (session, networkInput, networkOutput) = try Self.make(client.context)
    SSL_set_connect_state(session)
    let protocols = Bytes("\u{8}http/1.1".utf8)
    SSL_set_alpn_protos(session, protocols, UInt32(protocols.count))
    let parameters = SSL_get0_param(session)
    let isGood: Bool
    if X509_VERIFY_PARAM_set1_ip_asc(parameters, serverName) == 1 {
      isGood = true
    } else {
      ERR_clear_error()
      X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
      isGood =
        X509_VERIFY_PARAM_set1_host(parameters, serverName, serverName.utf8.count) == 1
        && apus_ssl_set_tlsext_host_name(session, serverName) == 1
    }
    // A name that could not be set must not become a check that is not made. `deinit` frees the session.
    if !isGood || serverName.isEmpty { throw .current("\"\(serverName)\" is no name that TLS can check") }
  }

  deinit { SSL_free(session) }

  private static func make(
    _ context: TLSContext
  ) throws(TLSError) -> (OpaquePointer, OpaquePointer, OpaquePointer) {
    guard let session = SSL_new(context.pointer) else { throw .current("no memory for TLS") }
    guard let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else {
      SSL_free(session)
      throw TLSError("no memory for TLS")
    }
    SSL_set_bio(session, input, output)
    return (session, input, output)
  }

  /// Encrypted bytes from the network. False where there is no memory for them.
  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let count = Int32(exactly: bytes.count) else { return false }
    return BIO_write(networkInput, bytes.baseAddress, count) == count
  }

  func handshake() -> HandshakeProgress {
    ERR_clear_error()
    let result = SSL_do_handshake(session)
    if result == 1 { return .done }
    switch SSL_get_error(session, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wantsMore
    default: return .failed(failureReason())
    }
  }

  private func failureReason() -> String {
    let verification = SSL_get_verify_result(session)
    let reason = TLSError.takeReason()
    guard verification != Int(X509_V_OK), let text = X509_verify_cert_error_string(verification) else {
      return "TLS handshake failed: \(reason)"
    }
    return "TLS handshake failed: the peer's certificate was refused: \(String(cString: text))"
  }

  /// The agreed ALPN name.
  var negotiatedProtocol: String? {
    var name: UnsafePointer<UInt8>?
    var length: UInt32 = 0
    SSL_get0_alpn_selected(session, &name, &length)
    guard let name, length > 0 else { return nil }
    return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
  }

  func decrypt(into buffer: UnsafeMutableRawBufferPointer) -> DecryptResult {
    ERR_clear_error()
    let result = SSL_read(session, buffer.baseAddress, Int32(clamping: buffer.count))
    if result > 0 { return .bytes(Int(result)) }
    switch SSL_get_error(session, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .needsMore
    case SSL_ERROR_ZERO_RETURN:
      receivedClose = true
      return .closed
    default: return .failed("TLS record refused: \(TLSError.takeReason())")
    }
  }

  /// False after a failure. The result waits for `takeOutput`.
  func encrypt(_ bytes: UnsafeRawBufferPointer) -> Bool {
    ERR_clear_error()
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let result = SSL_write(session, rest.baseAddress, Int32(clamping: rest.count))
      guard result > 0 else { return false }
      written += Int(result)
    }
    return true
  }

  func sendClose() {
    ERR_clear_error()
    SSL_shutdown(session)
  }

  /// Hands over what is to be sent; the view is valid during the call only.
  func takeOutput(_ body: (UnsafeRawBufferPointer) -> Void) {
    var data: UnsafeMutablePointer<CChar>?
    let count = apus_bio_memory(networkOutput, &data)
    guard let data, count > 0 else { return }
    body(UnsafeRawBufferPointer(start: data, count: count))
    apus_bio_reset(networkOutput, Self.keptCapacity)
  }
}
