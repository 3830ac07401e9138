internal import Basics
internal import CSQLite

/// Owns one prepared statement. It stays on the thread that made it.
struct SQLiteStatement: ~Copyable {
  private let handle: OpaquePointer

  init(owning handle: OpaquePointer) { self.handle = handle }

  deinit { sqlite3_finalize(handle) }

  /// Tells SQLite to copy what is bound.
  private static var transient: sqlite3_destructor_type {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }

  func bind(_ position: Int32, _ value: Int64) throws(SQLiteError) {
    try check(sqlite3_bind_int64(handle, position, value))
  }

  func bind(_ position: Int32, _ value: String) throws(SQLiteError) {
    var copy = value
    let code = copy.withUTF8 { utf8 in
      sqlite3_bind_text64(
        handle, position, UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self),
        UInt64(utf8.count), Self.transient, UInt8(SQLITE_UTF8))
    }
    try check(code)
  }

  /// Nil binds NULL; empty bytes an empty value.
  func bind(_ position: Int32, _ value: Bytes?) throws(SQLiteError) {
    guard let value else { return try check(sqlite3_bind_null(handle, position)) }
    guard !value.isEmpty else { return try check(sqlite3_bind_zeroblob(handle, position, 0)) }
    let code = value.withUnsafeBytes { bytes in
      sqlite3_bind_blob64(handle, position, bytes.baseAddress, UInt64(bytes.count), Self.transient)
    }
    try check(code)
  }

  /// Goes to the next row; false at the end.
  func step() throws(SQLiteError) -> Bool {
    let code = sqlite3_step(handle)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw error(code)
    }
  }

  /// Runs a statement without rows and makes it ready for the next run.
  func run() throws(SQLiteError) {
    let code = sqlite3_step(handle)
    let failure = code == SQLITE_DONE || code == SQLITE_ROW ? nil : error(code)
    sqlite3_reset(handle)
    if let failure { throw failure }
  }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  func text(_ column: Int32) -> String {
    guard let start = sqlite3_column_text(handle, column) else { return "" }
    let count = Int(sqlite3_column_bytes(handle, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  func bytes(_ column: Int32) -> Bytes? {
    if sqlite3_column_type(handle, column) == SQLITE_NULL { return nil }
    guard let start = sqlite3_column_blob(handle, column) else { return [] }
    return Bytes(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
  }

  private func check(_ code: Int32) throws(SQLiteError) {
    if code != SQLITE_OK { throw error(code) }
  }

  private func error(_ code: Int32) -> SQLiteError {
    let text = sqlite3_db_handle(handle).map { String(cString: sqlite3_errmsg($0)) }
    return SQLiteError(code: code, text: text ?? String(cString: sqlite3_errstr(code)))
  }
}
