/// `http://…/name` and `https://…/name`: one file, under the last part of its path.
public struct HTTPStorage: StorageScheme {
  public init() {}

  public func matches(_ source: String) -> Bool {
    source.hasPrefix("http://") || source.hasPrefix("https://")
  }

  public func fetch(_ source: String, into destination: String) throws(StorageError) -> Int {
    let name = try fileName(source)
    let answer = try Download(source: source).file(source, to: "\(destination)/\(name)")
    guard (200..<300).contains(answer.status) else { throw .status(answer.status, source) }
    return 1
  }

  private func fileName(_ source: String) throws(StorageError) -> String {
    let afterScheme = source.dropFirst(source.hasPrefix("https://") ? 8 : 7)
    let path = afterScheme.prefix { $0 != "?" && $0 != "#" }
    guard let slash = path.lastIndex(of: "/"), slash != path.indices.last else {
      throw StorageError(
        .badSource, "no filename contained in URI: \(source); the address must end in a file's name")
    }
    return try ObjectPath.validated(percentDecoded(path[path.index(after: slash)...]), source: source)
  }

  private func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.first {
      rest = rest.dropFirst()
      if byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16),
        rest.count >= 2
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
