public enum HTTPVersion: Sendable, Hashable {
  case http10, http11, http2
}

/// Everything of a request but its body.
public struct HTTPRequestHead: Sendable, Hashable {
  /// Upper case: `GET`, `POST`, …
  public var method: String
  /// The request target as sent: path and query.
  public var target: String
  public var version: HTTPVersion
  /// With HTTP/2, `:authority` appears here as `Host`.
  public var headers: HTTPHeaders

  public init(method: String, target: String, version: HTTPVersion = .http11, headers: HTTPHeaders = [:]) {
    self.method = method
    self.target = target
    self.version = version
    self.headers = headers
  }

  /// The target before `?`, percent-encoding untouched.
  public var path: Substring { target[..<(target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex)] }
  /// The target after `?`; nil where there is none.
  public var query: Substring? {
    target.utf8.firstIndex(of: UInt8(ascii: "?")).map { target[target.utf8.index(after: $0)...] }
  }
}

/// Everything of a response but its body.
public struct HTTPResponseHead: Sendable, Hashable {
  public var status: Int
  public var headers: HTTPHeaders

  public init(status: Int, headers: HTTPHeaders = [:]) {
    self.status = status
    self.headers = headers
  }
}
