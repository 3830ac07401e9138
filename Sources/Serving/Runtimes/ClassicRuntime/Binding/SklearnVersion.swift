/// `_sklearn_version` as far as predictions depend on it.
struct SklearnVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  let major: Int
  let minor: Int

  init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// `1.5.2`, `0.24.1`, `1.9.dev0`; nil for anything else.
  init?(text: String) {
    let parts = text.split(separator: ".")
    guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }) else {
      return nil
    }
    self.init(major, minor)
  }

  static func < (left: SklearnVersion, right: SklearnVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }

  var description: String { "\(major).\(minor)" }
}
