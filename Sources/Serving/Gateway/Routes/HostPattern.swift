/// A hostname of a route or listener: exact, or `*.` and a suffix, which stands for one or more labels.
enum HostPattern: Sendable, Hashable {
  case exact(String)
  /// With its leading point: `.example.com`.
  case wildcard(String)

  /// From the API's text, whose form the schema has checked.
  init(_ text: String) {
    let name = HostName.normalized(text[...])
    self = name.hasPrefix("*.") ? .wildcard(String(name.dropFirst())) : .exact(name)
  }

  /// The hosts that both patterns name, as the more specific of the two; nil where there are none.
  func intersection(_ other: HostPattern) -> HostPattern? {
    switch (self, other) {
    case (.exact(let name), .exact(let second)): name == second ? self : nil
    case (.exact(let name), .wildcard(let suffix)): Self.covers(suffix, name) ? self : nil
    case (.wildcard, .exact): other.intersection(self)
    case (.wildcard(let suffix), .wildcard(let second)):
      if suffix.hasSuffix(second) { self } else { second.hasSuffix(suffix) ? other : nil }
    }
  }

  private static func covers(_ suffix: String, _ name: String) -> Bool {
    name.hasSuffix(suffix) && name.utf8.count > suffix.utf8.count
  }
}

/// The `Host` of a request as routes compare it.
enum HostName {
  /// Lower case, without port, brackets and the root's point: `Iris.Localhost.:8081` is `iris.localhost`.
  static func normalized(_ host: Substring) -> String {
    var bytes = host.utf8[...]
    if bytes.first == UInt8(ascii: "["), let end = bytes.firstIndex(of: UInt8(ascii: "]")) {
      bytes = bytes[bytes.index(after: bytes.startIndex)..<end]
    } else if let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
      bytes.firstIndex(of: UInt8(ascii: ":")) == colon
    {
      bytes = bytes[..<colon]
    }
    if bytes.count > 1, bytes.last == UInt8(ascii: ".") { bytes = bytes.dropLast() }
    if bytes.contains(where: { (65...90).contains($0) }) {
      return String(decoding: bytes.map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
    return String(Substring(bytes))
  }
}
