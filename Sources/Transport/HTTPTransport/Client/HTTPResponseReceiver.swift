public import HTTPWire

/// One upstream request's events on the loop's thread. Not Sendable: it never leaves the loop.
public protocol HTTPResponseReceiver: AnyObject {
  /// The final head (1xx are swallowed).
  func responseHead(_ head: HTTPResponseHead)
  /// A piece of the body; the view is valid during the call only. `exchange.pauseResponse()` stops further
  /// ones.
  func responseBody(_ bytes: UnsafeRawBufferPointer)
  /// The whole answer has come.
  func responseEnd()
  /// No (further) answer comes. Called once, never after `responseEnd` or after `abort()`.
  func responseFailed(_ error: HTTPClientError)
  /// After `sendBody` returned false: the server has taken enough to go on.
  func requestWritable()
}

/// How much body a request will have.
public enum HTTPRequestBodyLength: Sendable, Hashable {
  case none
  case known(Int)
  /// Sent chunked.
  case unknown
}
