internal import CSQLite
internal import Linux

extension LinuxError {
  /// One sentence with file, cause and fix.
  func storeError(_ action: String, path: String) -> StoreError {
    if isNoSpace {
      return .unavailable(
        message: "cannot \(action) \(path): the disk is full; free some space, then try again")
    }
    return .unavailable(
      message: "cannot \(action) \(path): \(self); make its folder writable, or choose another data directory"
    )
  }
}

/// A call into SQLite that failed.
struct SQLiteError: Error {
  /// The extended result code.
  let code: Int32
  /// SQLite's words.
  let text: String

  var primaryCode: Int32 { code & 0xFF }
  var isDamage: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }

  /// One sentence with file, cause and fix.
  func storeError(_ action: String, path: String) -> StoreError {
    let cause: String
    switch primaryCode {
    case SQLITE_FULL: cause = "the disk is full; free some space, then try again"
    case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
      cause = "the file or its folder is read-only; make it writable, or choose another data directory"
    case SQLITE_CANTOPEN:
      cause = "it cannot be opened (\(text)); check that its folder exists and is writable"
    case SQLITE_CORRUPT, SQLITE_NOTADB:
      cause = "the file is damaged (\(text)); restore it from a backup, or move it away to begin empty"
    case SQLITE_BUSY, SQLITE_LOCKED:
      cause = "another program has the file open; end that program, then try again"
    case SQLITE_NOMEM: cause = "there is not enough memory; free some, then try again"
    case SQLITE_IOERR:
      cause = "the disk answers with an error (\(text), code \(code)); check the disk, then try again"
    default: cause = "SQLite answers \"\(text)\" (code \(code)); try again, or restore the file from a backup"
    }
    return .unavailable(message: "cannot \(action) \(path): \(cause)")
  }
}
