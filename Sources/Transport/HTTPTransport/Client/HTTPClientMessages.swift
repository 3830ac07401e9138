public import Basics
public import HTTPWire

/// One request of the async client.
public struct HTTPClientRequest: Sendable {
  public var method: String
  /// `http://host[:port]/path?query` or `https://…`.
  public var url: String
  public var headers: HTTPHeaders
  public var body: Bytes
  /// From the call to the whole answer; for a stream, to its head.
  public var timeout: Duration
  /// Dial this instead of the URL's host, which still gives `Host` and the name that TLS checks.
  public var connectTo: ListenAddress?

  public init(
    method: String = "GET", url: String, headers: HTTPHeaders = [:], body: Bytes = [],
    timeout: Duration = .seconds(30), connectTo: ListenAddress? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.connectTo = connectTo
  }
}

/// A whole answer.
public struct HTTPClientResponse: Sendable {
  public var head: HTTPResponseHead
  public var body: Bytes

  public init(head: HTTPResponseHead, body: Bytes) {
    self.head = head
    self.body = body
  }
}

/// An answer whose body comes in pieces. Letting go of `body`, or cancelling the task that reads it, ends the
/// request.
public struct HTTPClientStream: Sendable {
  public var head: HTTPResponseHead
  /// Back-pressured: the server is read only as fast as this is consumed.
  public var body: AsyncThrowingStream<Bytes, any Error>
}

/// What the client allows.
public struct HTTPClientLimits: Sendable {
  public var wire = HTTPWireLimits()
  /// `send` gives up where the body is longer.
  public var bodyBytes = 256 * ByteCount.mebibyte
  public var connectTimeout: Duration = .seconds(10)
  /// How long an unused connection is kept.
  public var idleTimeout: Duration = .seconds(60)
  /// Unused connections kept per host and loop.
  public var maxIdlePerHost = 64
  /// Between two pieces of a streamed body; nil for no limit (watches).
  public var streamIdleTimeout: Duration?
  /// Bytes of a streamed body that may wait for the consumer before reading stops.
  public var inboundHighWater = 256 * ByteCount.kibibyte

  public init() {}
}

/// Why a request got no answer.
public struct HTTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: Sendable, Hashable {
    case invalidURL, invalidRequest, nameResolution, connect, timeout, tls, connectionClosed, invalidResponse
    case bodyTooLarge, cancelled, shutDown
  }

  public var code: Code
  /// One sentence with the address and the cause.
  public var message: String
  /// Nothing of the request reached the server (or it ended an idle connection): sending it again is safe.
  public var isSafeToRetry: Bool

  public init(_ code: Code, _ message: String, isSafeToRetry: Bool = false) {
    self.code = code
    self.message = message
    self.isSafeToRetry = isSafeToRetry
  }

  public var description: String { message }
}
