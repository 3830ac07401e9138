internal import COpenSSL

/// A key, certificate or signature that could not be made or read; the message names it and OpenSSL's reason.
public struct CryptoError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }

  /// Appends the reason that OpenSSL left on this thread, and clears it.
  static func current(_ message: String) -> CryptoError {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0, let reason = ERR_reason_error_string(code) else { return CryptoError(message) }
    return CryptoError("\(message): \(String(cString: reason))")
  }
}
