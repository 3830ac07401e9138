/// Turns names that a remote store gave into paths under the destination, and refuses those that lead out of
/// it.
enum ObjectPath {
  /// - Parameters:
  ///   - name: relative, with `/` between its parts.
  ///   - source: for the message.
  static func validated(_ name: String, source: String) throws(StorageError) -> String {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isSafe =
      !name.isEmpty && name.utf8.count <= 1024 && !name.utf8.contains(0)
      && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 }
    guard isSafe else {
      throw StorageError(
        .badSource, "\(source) holds an object whose name leads out of the model folder: '\(name)'")
    }
    return name
  }

  /// RFC 3986 percent-encoding of everything but unreserved characters.
  static func percentEncoded(_ text: String, keeping kept: String = "") -> String {
    let hex = Array("0123456789ABCDEF")
    var result = ""
    for byte in text.utf8 {
      let scalar = UnicodeScalar(byte)
      let isUnreserved = byte < 0x80 && ("A"..."Z" ~= scalar || "a"..."z" ~= scalar || "0"..."9" ~= scalar)
      if isUnreserved || "-._~".unicodeScalars.contains(scalar) || kept.unicodeScalars.contains(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        result += "%\(hex[Int(byte >> 4)])\(hex[Int(byte & 15)])"
      }
    }
    return result
  }
}
