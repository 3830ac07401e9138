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
}
