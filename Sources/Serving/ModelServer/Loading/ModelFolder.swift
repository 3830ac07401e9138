internal import Linux

/// What the files and folders of a model folder are for, by their names.
enum ModelFolder {
  /// How this model is served; see `ModelSettingsFile`.
  static let settingsFile = "apus-model.json"
  /// Requests that are computed before the model is ready; see `WarmUp`.
  static let warmUpFile = "warmup.json"

  /// Files that belong to a model without being one, whatever their endings say.
  static let companions: Set<String> = [
    settingsFile, warmUpFile, "model-settings.json", "settings.json", "config.json", "metadata.json",
  ]

  /// Sub-folders that may be models or versions: not hidden ones (Kubernetes keeps the real content of
  /// volumes in such), nor what other programs leave behind.
  static func subfolders(_ path: String) -> [String] {
    let base = path.hasSuffix("/") ? String(path.dropLast()) : path
    return ((try? Files.list(path)) ?? []).filter { name in
      !name.hasPrefix(".") && !name.hasPrefix("_") && name != "lost+found"
        && (try? Files.status("\(base)/\(name)").kind) == .directory
    }.sorted()
  }

  /// Sub-folders whose names are numbers: the versions of a model, newest first.
  static func versions(_ path: String) -> [String] {
    subfolders(path).compactMap { name in version(name).map { (name, $0) } }
      .sorted { $0.1 != $1.1 ? $0.1 > $1.1 : $0.0 < $1.0 }.map(\.0)
  }

  /// The number that a version's name is.
  static func version(_ name: String) -> UInt64? {
    guard !name.isEmpty, name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt64(name)
  }

  /// Why a name cannot be one that requests ask for; nil where it can.
  static func problem(ofName name: String) -> String? {
    guard let first = name.first, let last = name.last, !first.isWhitespace, !last.isWhitespace else {
      return "it is empty or ends in spaces"
    }
    if name.contains("/") { return "it has a slash" }
    if name.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
      return "it has a control character"
    }
    return name == "." || name == ".." ? "clients take it for a folder" : nil
  }
}
