internal import CSQLite

/// Owns one connection. It stays on the thread that made it.
struct SQLiteConnection: ~Copyable {
  private let handle: OpaquePointer

  /// - Parameter fileSystem: the name of a registered VFS; nil for the system's own.
  init(_ path: String, fileSystem: String? = nil) throws(SQLiteError) {
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = sqlite3_open_v2(path, &opened, flags, fileSystem)
    guard code == SQLITE_OK, let opened else {
      let text = opened.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
      sqlite3_close_v2(opened)
      throw SQLiteError(code: code, text: text)
    }
    handle = opened
  }

  deinit { sqlite3_close_v2(handle) }

  /// Whether no transaction is open: SQLite ends some itself when they fail.
  var isOutsideTransaction: Bool { sqlite3_get_autocommit(handle) != 0 }

  var lastError: SQLiteError {
    SQLiteError(code: sqlite3_extended_errcode(handle), text: String(cString: sqlite3_errmsg(handle)))
  }

  func execute(_ statements: String) throws(SQLiteError) {
    let code = sqlite3_exec(handle, statements, nil, nil, nil)
    if code != SQLITE_OK { throw SQLiteError(code: code, text: String(cString: sqlite3_errmsg(handle))) }
  }

  func prepare(_ statement: String) throws(SQLiteError) -> SQLiteStatement {
    var prepared: OpaquePointer?
    let code = sqlite3_prepare_v3(handle, statement, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
    guard code == SQLITE_OK, let prepared else { throw lastError }
    return SQLiteStatement(owning: prepared)
  }

  /// The first column of the first row.
  func integer(_ query: String) throws(SQLiteError) -> Int64? {
    let statement = try prepare(query)
    return try statement.step() ? statement.integer(0) : nil
  }

  func text(_ query: String) throws(SQLiteError) -> String? {
    let statement = try prepare(query)
    return try statement.step() ? statement.text(0) : nil
  }
}
