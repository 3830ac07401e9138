/// Stands in for mounts: programs share the machine's file system, so that every mention of a mount path in a
/// container's command, arguments and variables is replaced by the folder that really holds the volume.
struct PathRewriting: Sendable {
  /// Longest mount path first, so that a mount inside another wins.
  private let mounts: [(mountPath: [UInt8], realPath: String)]

  init(_ mounts: [(mountPath: String, realPath: String)]) {
    self.mounts =
      mounts
      .map { (Array(Self.withoutTrailingSlash($0.mountPath).utf8), Self.withoutTrailingSlash($0.realPath)) }
      .filter { $0.0.count > 1 && $0.0.first == UInt8(ascii: "/") }
      .sorted { $0.0.count > $1.0.count }
  }

  /// Replaces each mount path that begins where a path can begin and ends where a path component ends.
  func rewrite(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    var changed = false
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "/"), Self.canBegin(bytes, index),
        let mount = mounts.first(where: { Self.matches(bytes, index, $0.mountPath) })
      {
        result += Array(mount.realPath.utf8)
        index += mount.mountPath.count
        changed = true
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return changed ? String(decoding: result, as: UTF8.self) : text
  }

  /// A program's words. `tar` writes the names that it is given into the archive: it is told to write those
  /// of the container, which `kubectl cp` asks for.
  func command(_ words: [String]) -> [String] {
    let rewritten = words.map(rewrite)
    guard words.first == "tar", rewritten != words else { return rewritten }
    let options = mounts.map { mount in
      let real = Self.patternText(mount.realPath.utf8.drop { $0 == UInt8(ascii: "/") })
      let shown = Self.patternText(mount.mountPath.drop { $0 == UInt8(ascii: "/") })
      return "--transform=flags=r;s,^/*\(real)\\(/\\|$\\),\(shown)\\1,"
    }
    // After the others: the first word may be options without a dash.
    return rewritten + options
  }

  /// As it stands between the commas of a `sed` expression.
  private static func patternText(_ bytes: some Sequence<UInt8>) -> String {
    let special = Array(#"\.*^$[],&"#.utf8)
    let escaped = bytes.flatMap { special.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
    return String(decoding: escaped, as: UTF8.self)
  }

  /// Not inside a longer path or name; `file:///mnt/models` is no longer path.
  private static func canBegin(_ bytes: [UInt8], _ index: Int) -> Bool {
    guard index > 0 else { return true }
    let before = bytes[index - 1]
    if before == UInt8(ascii: "/") { return index >= 3 && bytes[index - 3] == UInt8(ascii: ":") }
    return !isNameByte(before)
  }

  private static func matches(_ bytes: [UInt8], _ index: Int, _ path: [UInt8]) -> Bool {
    guard index + path.count <= bytes.count, bytes[index..<index + path.count].elementsEqual(path) else {
      return false
    }
    guard index + path.count < bytes.count else { return true }
    return !isNameByte(bytes[index + path.count])
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: byte >= 0x80
    }
  }

  private static func withoutTrailingSlash(_ path: String) -> String {
    path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }
}
