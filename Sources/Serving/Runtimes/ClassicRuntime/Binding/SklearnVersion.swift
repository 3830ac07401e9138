/// `_sklearn_version` as far as predictions depend on it.
struct SklearnVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  let major: Int
  let minor: Int

  init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// `1.5.2`, `0.24.1`, `1.9.dev0`, `1.3rc1`; nil for anything else.
  init?(text: String) {
    guard text.utf8.count <= 64 else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 2, let major = SklearnVersion.number(parts[0]),
      let minor = SklearnVersion.number(parts[1].prefix { ("0"..."9").contains($0) })
    else { return nil }
    self.init(major, minor)
  }

  private static func number(_ digits: Substring) -> Int? {
    guard digits.utf8.count <= 3, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(digits)
  }

  static func < (left: SklearnVersion, right: SklearnVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }

  var description: String { "\(major).\(minor)" }
}
