internal import Basics

/// `http://…/name` and `https://…/name`: one file, under the last part of its path.
public struct HTTPStorage: StorageScheme {
  public init() {}

  public func matches(_ source: String) -> Bool {
    source.hasPrefix("http://") || source.hasPrefix("https://")
  }

  public func fetch(_ source: String, into destination: String) throws(StorageError) -> [String] {
    let name = try fileName(source)
    let path = "\(destination)/\(name)"
    let answer = try Download(source: source).file(.init(source), to: path)
    guard answer.isSuccess else { throw .status(answer.status, source) }
    return [path]
  }

  private func fileName(_ source: String) throws(StorageError) -> String {
    let afterScheme = source.dropFirst(source.hasPrefix("https://") ? 8 : 7)
    let path = afterScheme.prefix { $0 != "?" && $0 != "#" }
    guard let slash = path.lastIndex(of: "/"), slash != path.indices.last else {
      throw StorageError(
        .badSource, "no filename contained in URI: \(source); the address must end in a file's name")
    }
    return try ObjectPath.validated(
      PercentEncoding.decodeLeniently(path[path.index(after: slash)...]) ?? "\0", source: source)
  }
}
