public import Basics
public import Formats
public import KubeProtocol

/// One request to a Kubernetes API, before it is HTTP.
public struct KubeRequest: Sendable {
  public enum Body: Sendable {
    case none
    case json(JSONValue)
    /// Any other encoding, with its media type.
    case bytes(Bytes, contentType: String)
  }

  /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`.
  public var method: String
  /// Percent-decoded, without the query.
  public var path: String
  /// Decoded, in order.
  public var query: [(name: String, value: String)]
  /// Media types the caller takes, as in `Accept`; "" for plain JSON.
  public var accept: String
  public var body: Body
  /// The media type of a `json` body: differs from `application/json` only for patches.
  public var contentType: String
  /// `Authorization`, as sent; nil for in-process callers, who are trusted.
  public var authorization: String?
  /// `User-Agent`; "" for in-process callers. Names the manager of the fields that a write changes.
  public var userAgent: String
  /// Who asks, once that is known; nil for in-process callers, who may do everything.
  public var user: KubeUser?

  public init(
    method: String, path: String, query: [(name: String, value: String)] = [], accept: String = "",
    body: Body = .none, contentType: String = "application/json", authorization: String? = nil,
    userAgent: String = "", user: KubeUser? = nil
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.accept = accept
    self.body = body
    self.contentType = contentType
    self.authorization = authorization
    self.userAgent = userAgent
    self.user = user
  }

  public func queryValue(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// The answer to a `KubeRequest`.
public struct KubeResponse: Sendable {
  public enum Body: Sendable {
    case json(JSONValue)
    case bytes(Bytes, contentType: String)
    /// A watch: ends when the server ends it or the consumer stops iterating.
    case watch(AsyncThrowingStream<WatchEvent, any Error>)
    /// Any other stream (logs), with its media type.
    case stream(AsyncThrowingStream<Bytes, any Error>, contentType: String)
  }

  public var status: Int
  public var body: Body
  /// Values of `Warning` headers (RFC 9111 form is put on at the HTTP border).
  public var warnings: [String]

  public init(status: Int, body: Body, warnings: [String] = []) {
    self.status = status
    self.body = body
    self.warnings = warnings
  }
}

/// Whoever answers Kubernetes API requests: a server over HTTPS, or the embedded one in process. Errors of
/// the API are answers (a `Status` body with its code); what is thrown is a failure to get any answer.
public protocol KubeTransport: Sendable {
  func send(_ request: KubeRequest) async throws -> KubeResponse
}
