/// A request's header block as the server works with it.
public struct HTTP2Request: Sendable {
  /// What the fields of a gRPC request ask for.
  public struct GRPC: Sendable, Hashable {
    public enum Encoding: Sendable, Hashable {
      case identity, gzip
      case unknown(String)
    }

    public var encoding = Encoding.identity
    public var acceptsGzip = false
    /// `te: trailers`, without which the client would miss the status.
    public var acceptsTrailers = false
    /// `application/grpc`, alone or followed by `+format` or parameters.
    public var isKnownType = false

    public init() {}
  }

  /// For gRPC without the fields that `grpc` holds.
  public var head: HTTPRequestHead
  public var contentLength: Int?
  public var expectsContinue = false
  /// Set where the content type starts with `application/grpc`.
  public var grpc: GRPC?

  public init(head: HTTPRequestHead) { self.head = head }
}
