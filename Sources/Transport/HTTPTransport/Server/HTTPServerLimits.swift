internal import Basics
public import HTTPWire

/// What one server grants its clients: sizes, times and numbers. Every default is safe for an open port.
public struct HTTPServerLimits: Sendable {
  /// Sizes of request line, head, number of fields, chunk extensions, trailers.
  public var wire = HTTPWireLimits()
  public var http2 = HTTP2Limits()
  /// A longer request body gets 413.
  public var bodyBytes = 64 * ByteCount.mebibyte
  /// From the accept to the first byte of the first request (and through the TLS handshake).
  public var firstByteTimeout: Duration = .seconds(30)
  /// From a head's first byte to its last: 408 afterwards.
  public var headTimeout: Duration = .seconds(30)
  /// Between two pieces of a body: 408 afterwards.
  public var bodyTimeout: Duration = .seconds(60)
  /// Bytes per second below which the body of a buffered request is too slow, once `bodyTimeout` is over:
  /// 408. A streamed one is its receiver's business.
  public var bodyBytesPerSecond = 1024
  /// While the server drains, the times above shrink to this for what is still missing of a request.
  public var drainingRequestTimeout: Duration = .seconds(3)
  /// Between two requests on one connection.
  public var idleTimeout: Duration = .seconds(120)
  /// How long the client may take no byte of a waiting answer.
  public var writeTimeout: Duration = .seconds(60)
  /// Further clients get 503 and are closed.
  public var maxConnections = 16_384
  /// Async face: requests being answered at a time; further ones get 503.
  public var maxConcurrentRequests = 512
  /// Async face: streamed answers (watches, logs) open at a time; further ones get 503.
  public var maxConcurrentStreams = 4096
  /// Bytes of an answer that may wait for a slow client before the handler is told to wait.
  public var outboundHighWater = 256 * ByteCount.kibibyte

  public init() {}
}
