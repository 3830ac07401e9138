internal import Basics
internal import Linux

/// The database file: a log with one row per revision. The current value of a key is its last row; a row with
/// no value records a deletion. Rows that nobody needs any more are deleted along with later writes.
///
/// Lives on the store's own thread.
final class StoreDatabase {
  /// What one change adds to the log.
  struct Row {
    var key: String
    /// Nil for a deletion.
    var value: Bytes?
    var createRevision: Int64
    var revision: Int64
  }

  private let path: String
  private let lock: LockFile
  private let connection: SQLiteConnection
  private let insertRow: SQLiteStatement
  private let deleteRow: SQLiteStatement
  private let setCompacted: SQLiteStatement

  /// Opens or creates the file, takes the lock beside it, and brings an older format up to date.
  init(path: String, settings: SQLiteSettings) throws(StoreError) {
    self.path = path
    lock = try Self.takeLock(path)
    do {
      connection = try SQLiteConnection(path, fileSystem: settings.fileSystem)
      try Self.configure(connection, settings)
    } catch {
      throw error.storeError("open", path: path)
    }
    try Self.migrate(connection, path)
    do {
      insertRow = try connection.prepare(
        "INSERT INTO log (revision, key, create_revision, value) VALUES (?1, ?2, ?3, ?4)")
      deleteRow = try connection.prepare("DELETE FROM log WHERE revision = ?1")
      setCompacted = try connection.prepare("UPDATE state SET compacted_revision = ?1")
    } catch {
      throw error.storeError("open", path: path)
    }
  }

  /// The revision up to which history is forgotten.
  func compactedRevision() throws(StoreError) -> Int64 {
    do {
      return try connection.integer("SELECT compacted_revision FROM state") ?? 0
    } catch {
      throw error.storeError("read", path: path)
    }
  }

  /// Hands over all rows in the order of their revisions.
  func readRows(_ body: (Row) -> Void) throws(StoreError) {
    do {
      let rows = try connection.prepare(
        "SELECT revision, key, create_revision, value FROM log ORDER BY revision")
      while try rows.step() {
        body(
          Row(
            key: rows.text(1), value: rows.bytes(3), createRevision: rows.integer(2),
            revision: rows.integer(0)))
      }
    } catch {
      throw error.storeError("read", path: path)
    }
  }

  /// Writes everything in one transaction and returns once it is on the disk. Where it throws, nothing is
  /// written.
  func commit(_ rows: [Row], deleting revisions: ArraySlice<Int64>, compactedRevision: Int64)
    throws(StoreError)
  {
    do {
      try connection.execute("BEGIN IMMEDIATE")
      for row in rows {
        try insertRow.bind(1, row.revision)
        try insertRow.bind(2, row.key)
        try insertRow.bind(3, row.createRevision)
        try insertRow.bind(4, row.value)
        try insertRow.run()
      }
      for revision in revisions {
        try deleteRow.bind(1, revision)
        try deleteRow.run()
      }
      if !revisions.isEmpty {
        try setCompacted.bind(1, compactedRevision)
        try setCompacted.run()
      }
      try connection.execute("COMMIT")
    } catch {
      if !connection.isOutsideTransaction { try? connection.execute("ROLLBACK") }
      throw error.storeError("write", path: path)
    }
  }
}

extension StoreDatabase {
  /// The format that this code writes. `migrations` lead there from every older one.
  static let formatVersion: Int64 = 1
  /// "Apus": tells the file from other programs' databases.
  private static let applicationID: Int64 = 0x4170_7573

  /// What turns format `n` into `n + 1`; a new file begins at 0.
  private static let migrations: [String] = [
    """
    CREATE TABLE log (
      revision INTEGER PRIMARY KEY, key TEXT NOT NULL, create_revision INTEGER NOT NULL, value BLOB);
    CREATE TABLE state (compacted_revision INTEGER NOT NULL);
    INSERT INTO state VALUES (0);
    """
  ]

  private static func takeLock(_ path: String) throws(StoreError) -> LockFile {
    do {
      return try LockFile(path + ".lock")
    } catch {
      switch error {
      case .held(let processID):
        let holder = processID.map { "process \($0)" } ?? "another process"
        throw .unavailable(
          message:
            "cannot open \(path): \(holder) is using it; end that process, or choose another data directory")
      case .system(let failure): throw failure.storeError("open", path: path)
      }
    }
  }

  /// WAL with a sync at every commit. The lock file keeps others out, so that SQLite needs no shared memory.
  private static func configure(_ connection: borrowing SQLiteConnection, _ settings: SQLiteSettings)
    throws(SQLiteError)
  {
    try connection.execute(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY")
    let mode = try connection.text("PRAGMA journal_mode = WAL")
    guard mode == "wal" else {
      throw SQLiteError(
        code: 1, text: "the write-ahead log cannot be used here (journal mode \(mode ?? "unknown"))")
    }
    try connection.execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608")
    try connection.execute("PRAGMA wal_autocheckpoint = \(settings.checkpointPages)")
  }

  private static func migrate(_ connection: borrowing SQLiteConnection, _ path: String) throws(StoreError) {
    do {
      let version = try connection.integer("PRAGMA user_version") ?? 0
      let application = try connection.integer("PRAGMA application_id") ?? 0
      let tables = try connection.integer("SELECT count(*) FROM sqlite_master") ?? 0
      guard application == applicationID || tables == 0 else {
        throw StoreError.unavailable(
          message: "cannot open \(path): it is another program's database; choose another data directory")
      }
      guard version <= formatVersion else {
        throw StoreError.unavailable(
          message: "cannot open \(path): it was written by a newer Apus (format \(version), this one knows "
            + "\(formatVersion)); use that version, or choose another data directory")
      }
      if version == formatVersion { return }
      try connection.execute("BEGIN EXCLUSIVE")
      for migration in migrations[Int(clamping: version)...] { try connection.execute(migration) }
      try connection.execute(
        "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(formatVersion); COMMIT")
    } catch let error as SQLiteError {
      throw error.storeError("open", path: path)
    } catch let error as StoreError {
      throw error
    } catch {
      throw .unavailable(message: "cannot open \(path): \(error)")
    }
  }
}
