/// The name rules of RFC 1123 as Kubernetes applies them.
public enum DNSName {
  /// Lower-case letters, digits and dashes, 1–63 of them, a letter or digit at both ends.
  public static func isLabel(_ text: some StringProtocol) -> Bool {
    let bytes = text.utf8
    guard (1...63).contains(bytes.count), let first = bytes.first, let last = Array(bytes).last else {
      return false
    }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
  }

  /// A label that begins with a letter: the name rule of services and graphs (RFC 1035).
  public static func isServiceName(_ text: some StringProtocol) -> Bool {
    isLabel(text) && (text.utf8.first.map { $0 > UInt8(ascii: "9") } ?? false)
  }

  /// Labels (of any length) joined by dots, at most 253 characters.
  public static func isSubdomain(_ text: some StringProtocol) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      let bytes = Array(label.utf8)
      guard let first = bytes.first, let last = bytes.last else { return false }
      return isAlphanumeric(first) && isAlphanumeric(last)
        && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
  }

  /// Nil where the text is a fully qualified name (two labels or more, a trailing dot allowed), else what is
  /// wrong.
  public static func fullyQualifiedProblem(_ text: String) -> String? {
    let name = text.hasSuffix(".") ? text.dropLast() : Substring(text)
    if name.isEmpty { return "it is empty" }
    if name.utf8.count > 253 { return "it has \(name.utf8.count) characters; at most 253 are allowed" }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    if labels.count < 2 { return "should be a domain with at least two segments separated by dots" }
    for label in labels where !isLabel(label) {
      if label.utf8.count > 63 {
        return "\"\(label)\" has \(label.utf8.count) characters; at most 63 are allowed"
      }
      return
        "\"\(label)\" must consist of lower case alphanumeric characters or '-', and must start and end "
        + "with an "
        + "alphanumeric character"
    }
    return nil
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
