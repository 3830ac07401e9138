public import HTTPWire

/// An async handler that lets some requests change the connection's protocol (RFC 9110 §7.8).
public protocol UpgradingHTTPHandler: AsyncHTTPHandler {
  /// Asked for HTTP/1.1 requests that carry `Upgrade`. The task is cancelled when the connection breaks.
  func upgrade(_ request: AsyncHTTPRequest) async -> HTTPUpgrade
}

/// What becomes of a request to change the protocol.
public enum HTTPUpgrade: Sendable {
  /// A plain answer; the connection stays what it is.
  case answer(AsyncHTTPResponse)
  /// The head is sent with status 101; then the connection belongs to the function until that returns.
  case accepted(HTTPResponseHead, @Sendable (ByteConnection) async -> Void)
}
