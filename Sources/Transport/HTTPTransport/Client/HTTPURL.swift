internal import Basics

/// An `http` or `https` URL, split up. Percent-encoding stays as it is.
struct HTTPURL {
  var isSecure: Bool
  /// Without brackets.
  var host: String
  var port: Int
  /// Path and query, at least `/`.
  var target: String

  /// `Host`'s value: with the port where it is not the scheme's.
  var authority: String {
    let literal = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? literal : "\(literal):\(port)"
  }

  init(_ text: String) throws(HTTPClientError) {
    func invalid(_ reason: String) -> HTTPClientError {
      HTTPClientError(.invalidURL, "the URL \"\(text)\" \(reason)", isSafeToRetry: false)
    }
    guard let separator = Self.find("://", in: text) else { throw invalid("has no scheme") }
    switch text[..<separator.lowerBound].lowercased() {
    case "http": isSecure = false
    case "https": isSecure = true
    default: throw invalid("is neither http nor https")
    }
    let rest = text[separator.upperBound...]
    let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
    let authority = rest[..<authorityEnd]
    if authority.contains("@") { throw invalid("holds credentials, which belong into a header") }
    let hostPart: Substring
    let portPart: Substring?
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { throw invalid("has no valid host") }
      hostPart = authority[authority.index(after: authority.startIndex)..<end]
      let tail = authority[authority.index(after: end)...]
      guard tail.isEmpty || tail.hasPrefix(":") else { throw invalid("has no valid host") }
      portPart = tail.isEmpty ? nil : tail.dropFirst()
    } else if let colon = authority.lastIndex(of: ":") {
      hostPart = authority[..<colon]
      portPart = authority[authority.index(after: colon)...]
    } else {
      hostPart = authority
      portPart = nil
    }
    guard !hostPart.isEmpty, hostPart.utf8.allSatisfy(Self.isHostByte) else {
      throw invalid("has no valid host")
    }
    host = String(hostPart)
    if let portPart, !portPart.isEmpty {
      guard let number = Int(portPart), (1...65535).contains(number) else {
        throw invalid("has no valid port")
      }
      port = number
    } else {
      port = isSecure ? 443 : 80
    }
    let afterAuthority = rest[authorityEnd...].prefix { $0 != "#" }
    guard afterAuthority.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
      throw invalid("has characters that must be percent-encoded")
    }
    target = afterAuthority.hasPrefix("/") ? String(afterAuthority) : "/" + afterAuthority
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    byte > 32 && byte < 127 && byte != UInt8(ascii: "%")
  }

  private static func find(_ needle: String, in text: String) -> Range<String.Index>? {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start...].hasPrefix(needle) { return start..<text.index(start, offsetBy: needle.count) }
      start = text.index(after: start)
    }
    return nil
  }
}
