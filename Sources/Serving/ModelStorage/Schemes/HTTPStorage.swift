internal import Basics
internal import Formats
public import Linux

/// `http://…/name` and `https://…/name`: one file, under the last part of its path. The variable
/// `<host>-headers` holds headers for that host, as a JSON object: where a Secret with `https-host` and
/// `headers` was given.
public struct HTTPStorage: StorageScheme {
  private let environment: @Sendable (String) -> String?

  public init(
    environment: @escaping @Sendable (String) -> String? = { ProcessEnvironment.variable($0) }
  ) { self.environment = environment }

  public func matches(_ source: String) -> Bool {
    source.hasPrefix("http://") || source.hasPrefix("https://")
  }

  public func fetch(_ source: String, into destination: String) throws(StorageError) -> [String] {
    let name = try fileName(source)
    let path = "\(destination)/\(name)"
    let answer = try Download(source: source).file(.init(source, headers: try headers(source)), to: path)
    guard answer.isSuccess else { throw .status(answer.status, source) }
    return [path]
  }

  private func headers(_ source: String) throws(StorageError) -> [(name: String, value: String)] {
    let authority = source.split(separator: "://", maxSplits: 1).last?.prefix { $0 != "/" && $0 != "?" } ?? ""
    // With the port first, so that one machine may hold two stores.
    let names = [authority, authority.prefix { $0 != ":" }].map { "\($0)-headers" }
    guard let name = names.first(where: { environment($0) != nil }), let text = environment(name) else {
      return []
    }
    guard let members = (try? JSONValue(parsing: Bytes(text.utf8)))?.object?.members else {
      throw StorageError(
        .badSource, "the headers for \(authority) are no JSON object; correct 'headers' in the Secret")
    }
    return try members.map { member throws(StorageError) in
      guard let value = member.value.string, isToken(member.key), value.utf8.allSatisfy({ $0 >= 0x20 }) else {
        throw StorageError(
          .badSource,
          "the header '\(member.key.prefix(60))' for \(authority) is none; correct 'headers' in the Secret")
      }
      return (member.key, value)
    }
  }

  private func isToken(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
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
