public import Basics
internal import Linux

/// A folder of its own per test, removed with the value.
public final class TemporaryFolder: Sendable {
  public let path: String

  public init() throws {
    path = "/tmp/apus-test-\(ProcessEnvironment.processIdentifier)-\(UInt64.random(in: 0 ... .max))"
    try Files.createDirectories(path)
  }

  deinit { try? Files.removeTree(path) }

  /// - Returns: the file's path. It is not written atomically: tests write thousands of files, and none needs
  ///   to reach the disk.
  @discardableResult
  public func write(_ bytes: Bytes, as name: String) throws -> String {
    let file = "\(path)/\(name)"
    try Files.open(file, .write).writeAll(bytes)
    return file
  }
}
