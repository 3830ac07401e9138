internal import COpenSSL

/// A certificate, key or handshake that TLS could not use.
public struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
  public var message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }

  /// Appends the reason that OpenSSL left on this thread, and clears it.
  static func current(_ message: String) -> TLSError { TLSError("\(message): \(takeReason())") }

  static func takeReason() -> String {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0, let reason = ERR_reason_error_string(code) else { return "no reason given" }
    return String(cString: reason)
  }
}
