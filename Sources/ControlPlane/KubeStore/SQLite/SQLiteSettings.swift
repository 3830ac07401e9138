/// How the store uses SQLite; the defaults are right outside of tests.
public struct SQLiteSettings: Sendable {
  /// The name of a registered SQLite VFS; nil for the system's own. Tests record and inject failures with it.
  public var fileSystem: String?
  /// Pages in the write-ahead log after which they are moved into the database.
  public var checkpointPages: Int

  public init(fileSystem: String? = nil, checkpointPages: Int = 1000) {
    self.fileSystem = fileSystem
    self.checkpointPages = checkpointPages
  }
}
