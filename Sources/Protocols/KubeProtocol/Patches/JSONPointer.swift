/// A path into a JSON document (RFC 6901): `/spec/containers/0/image`.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
  /// Unescaped reference tokens; none for the whole document.
  public let tokens: [String]

  /// The most tokens that a pointer may have; documents are no deeper either.
  static let maximumTokens = 128

  public init(tokens: [String]) { self.tokens = tokens }

  /// - Returns: nil where the text does not begin with `/`, has a bad `~` escape or is too deep.
  public init?(_ text: String) {
    guard !text.isEmpty else {
      tokens = []
      return
    }
    guard text.utf8.first == UInt8(ascii: "/") else { return nil }
    var found: [String] = []
    for piece in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard found.count < Self.maximumTokens, let token = Self.unescaped(piece) else { return nil }
      found.append(token)
    }
    tokens = found
  }

  public var description: String {
    tokens.map { "/" + Self.escaped($0) }.joined()
  }

  /// Whether this pointer is `other` or leads into it.
  func begins(with other: JSONPointer) -> Bool { tokens.starts(with: other.tokens) }

  private static func escaped(_ token: String) -> String {
    guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
      return token
    }
    var text = ""
    for scalar in token.unicodeScalars {
      switch scalar {
      case "~": text += "~0"
      case "/": text += "~1"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  private static func unescaped(_ piece: Substring.UTF8View) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(piece.count)
    var iterator = piece.makeIterator()
    while let byte = iterator.next() {
      guard byte == UInt8(ascii: "~") else {
        bytes.append(byte)
        continue
      }
      switch iterator.next() {
      case UInt8(ascii: "0"): bytes.append(UInt8(ascii: "~"))
      case UInt8(ascii: "1"): bytes.append(UInt8(ascii: "/"))
      default: return nil
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
