internal import Linux

/// A path on this machine, plain or as `file://`: links are put into the destination, nothing is copied.
public struct LocalStorage: StorageScheme {
  public init() {}

  public func matches(_ source: String) -> Bool { source.hasPrefix("file://") || !source.contains("://") }

  public func fetch(_ source: String, into destination: String) throws(StorageError) -> [String] {
    let path = source.hasPrefix("file://") ? String(source.dropFirst("file://".count)) : source
    return try Self.link(path, into: destination, source: source)
  }

  /// Links a file, or each entry of a folder that is not hidden, into the destination.
  static func link(_ path: String, into destination: String, source: String) throws(StorageError) -> [String]
  {
    let absolute: String
    let kind: FileStatus.Kind
    do {
      absolute = try Files.canonicalPath(path)
      kind = try Files.status(absolute).kind
    } catch {
      let isMissing = error.isNotFound
      throw StorageError(
        isMissing ? .sourceNotFound : .accessDenied,
        isMissing
          ? "local path \(source) does not exist on this machine" : "local path \(source): \(error.reason)")
    }
    // The folder is the destination itself: there is nothing to bring, and nothing in it is ours to unpack.
    if (try? Files.canonicalPath(destination)) == absolute {
      return try visibleNames(absolute, source).isEmpty ? [] : ["\(absolute)/."]
    }
    guard kind == .directory else {
      let name = absolute.split(separator: "/").last.map(String.init) ?? "model"
      try replaceLink(at: "\(destination)/\(name)", to: absolute)
      return ["\(destination)/\(name)"]
    }
    let names = try visibleNames(absolute, source)
    for name in names { try replaceLink(at: "\(destination)/\(name)", to: "\(absolute)/\(name)") }
    return names.map { "\(destination)/\($0)" }
  }

  private static func visibleNames(_ path: String, _ source: String) throws(StorageError) -> [String] {
    do {
      return try Files.list(path).filter { !$0.hasPrefix(".") }
    } catch {
      throw StorageError(.accessDenied, "local path \(source): \(error.reason)")
    }
  }

  private static func replaceLink(at path: String, to target: String) throws(StorageError) {
    do {
      // A restarted container finds the links of its first run.
      if (try? Files.status(path, followLinks: false).kind) == .symbolicLink { try Files.removeFile(path) }
      try Files.createSymbolicLink(at: path, to: target)
    } catch {
      throw .destination(error, path)
    }
  }
}
