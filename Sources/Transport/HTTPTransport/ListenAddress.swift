/// Where a server listens or a client connects: an address literal or name and a port, or a Unix socket's
/// path.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// An IPv4 or IPv6 literal without brackets, a name, or an absolute path for a Unix socket.
  public var host: String
  /// 0 takes any free port; meaningless for a Unix socket.
  public var port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Parses `host:port`, `[::1]:port` and absolute socket paths.
  public init?(_ text: String) {
    if text.hasPrefix("/") {
      self.init(host: text, port: 0)
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    self.init(host: String(host), port: port)
  }

  public var isUnixSocket: Bool { host.hasPrefix("/") }

  /// `host:port` with brackets around an IPv6 literal, as URLs and `Host` have it.
  public var description: String {
    if isUnixSocket { return host }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
