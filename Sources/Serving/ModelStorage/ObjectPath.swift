/// Turns names that a remote store gave into paths under the destination, and refuses those that lead out of
/// it.
enum ObjectPath {
  /// - Parameters:
  ///   - name: relative, with `/` between its parts.
  ///   - source: for the message.
  static func validated(_ name: String, source: String) throws(StorageError) -> String {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isSafe =
      !name.isEmpty && name.utf8.count <= 1024 && !name.utf8.contains(where: { $0 < 32 || $0 == 127 })
      && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 }
    guard isSafe else {
      let shown = String(
        name.prefix(200).map { $0.isASCII && $0.asciiValue.map { $0 < 32 } == true ? "?" : $0 })
      throw StorageError(
        .badSource, "\(source) holds an object whose name cannot be a path in the model folder: '\(shown)'")
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
