internal import CShims
internal import Glibc
public import Basics

/// What `lstat`/`stat` tells of a path, as far as Apus needs it.
public struct FileStatus: Sendable, Hashable {
  public enum Kind: Sendable { case regular, directory, symbolicLink, other }
  public let kind: Kind
  public let size: Int64
  public let modified: Timestamp
  public let mode: UInt32
}

/// Files and folders by path. All calls block: use them on named threads or at start, never in a `Task`.
public enum Files {
  public enum OpenMode: Sendable {
    case read
    /// Created with `permissions` or cut to nothing.
    case write
    case append
    /// Fails where the path exists.
    case createNew
  }

  public static func open(
    _ path: String, _ mode: OpenMode, permissions: UInt32 = 0o644
  ) throws(LinuxError) -> FileDescriptor {
    let flags: Int32
    switch mode {
    case .read: flags = O_RDONLY
    case .write: flags = O_WRONLY | O_CREAT | O_TRUNC
    case .append: flags = O_WRONLY | O_CREAT | O_APPEND
    case .createNew: flags = O_WRONLY | O_CREAT | O_EXCL
    }
    return FileDescriptor(
      owning: try checked("open", path) { apus_open(path, flags | O_CLOEXEC, mode_t(permissions)) })
  }

  /// The whole file; throws `EFBIG` where it is larger than `limit` bytes.
  public static func read(_ path: String, limit: Int = 1 << 30) throws(LinuxError) -> Bytes {
    let file = try open(path, .read)
    let expected = Int(clamping: try status(path).size)
    if expected > limit { throw LinuxError(number: EFBIG, call: "read", subject: path) }
    // What is there now comes into its place at once; what is written meanwhile, or has no size, in pieces.
    var failure: LinuxError?
    var bytes = Bytes(unsafeUninitializedCapacity: expected) { room, filled in
      let room = UnsafeMutableRawBufferPointer(room)
      apus_prefer_large_pages(room.baseAddress, expected)
      do throws(LinuxError) {
        while filled < expected {
          let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[filled...]))
          if count == 0 { return }
          filled += count
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { chunk.deallocate() }
    while true {
      let count = try file.read(into: chunk)
      if count == 0 { return bytes }
      if bytes.count + count > limit { throw LinuxError(number: EFBIG, call: "read", subject: path) }
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[..<count]))
    }
  }

  /// Writes beside the path, syncs and renames: a reader sees the old file or the new one, never a half.
  /// - Parameter isDurable: false for what nobody needs after a power cut; then nothing is synced.
  public static func writeAtomically(
    _ bytes: Bytes, to path: String, permissions: UInt32 = 0o644, isDurable: Bool = true
  ) throws(LinuxError) {
    let temporary = "\(path).\(getpid()).tmp"
    do {
      let file = try open(temporary, .write, permissions: permissions)
      try file.writeAll(bytes)
      if isDurable { try file.synchronize() }
      try rename(temporary, to: path)
    } catch {
      unlink(temporary)
      throw LinuxError(number: error.number, call: error.call, subject: path)
    }
  }

  /// Follows symbolic links unless told otherwise.
  public static func status(_ path: String, followLinks: Bool = true) throws(LinuxError) -> FileStatus {
    var raw = stat()
    try checked("stat", path) { apus_stat(path, followLinks ? 1 : 0, &raw) }
    let kind: FileStatus.Kind
    if apus_is_regular_file(raw.st_mode) != 0 {
      kind = .regular
    } else if apus_is_directory(raw.st_mode) != 0 {
      kind = .directory
    } else if apus_is_symbolic_link(raw.st_mode) != 0 {
      kind = .symbolicLink
    } else {
      kind = .other
    }
    let modified = Timestamp(seconds: Int64(raw.st_mtim.tv_sec), nanoseconds: Int32(raw.st_mtim.tv_nsec))
    return FileStatus(kind: kind, size: Int64(raw.st_size), modified: modified, mode: raw.st_mode)
  }

  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
  public static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

  /// Names in a folder, sorted, without `.` and `..`.
  public static func list(_ path: String) throws(LinuxError) -> [String] {
    guard let directory = opendir(path) else { throw LinuxError.current("opendir", path) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Creates the folder and whatever is missing above it.
  public static func createDirectories(_ path: String, permissions: UInt32 = 0o755) throws(LinuxError) {
    if mkdir(path, mode_t(permissions)) == 0 { return }
    let failure = LinuxError.current("mkdir", path)
    if failure.isAlreadyExists {
      if (try? status(path).kind) == .directory { return }
      throw failure
    }
    let parent = parentPath(path)
    guard failure.number == ENOENT, parent != path else { throw failure }
    try createDirectories(parent, permissions: permissions)
    try checked("mkdir", path) { mkdir(path, mode_t(permissions)) }
  }

  public static func rename(_ path: String, to target: String) throws(LinuxError) {
    try checked("rename", path) { Glibc.rename(path, target) }
  }

  public static func createSymbolicLink(at path: String, to target: String) throws(LinuxError) {
    try checked("symlink", path) { symlink(target, path) }
  }

  /// Where a symbolic link points, unresolved.
  public static func symbolicLinkTarget(_ path: String) throws(LinuxError) -> String {
    let buffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(PATH_MAX) + 1)
    defer { buffer.deallocate() }
    guard let start = buffer.baseAddress else { return "" }
    let count = try checked("readlink", path) { readlink(path, start, Int(PATH_MAX)) }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The path with every symbolic link and `..` resolved.
  public static func canonicalPath(_ path: String) throws(LinuxError) -> String {
    guard let resolved = realpath(path, nil) else { throw LinuxError.current("realpath", path) }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  public static func removeFile(_ path: String) throws(LinuxError) {
    try checked("unlink", path) { unlink(path) }
  }

  /// Removes a file or a whole folder; symbolic links are removed, not followed. A path that is gone is no
  /// error.
  public static func removeTree(_ path: String) throws(LinuxError) {
    let kind: FileStatus.Kind
    do {
      kind = try status(path, followLinks: false).kind
    } catch {
      if error.isNotFound { return }
      throw error
    }
    if kind == .directory {
      for name in try list(path) { try removeTree("\(path)/\(name)") }
      try checked("rmdir", path) { rmdir(path) }
    } else {
      try removeFile(path)
    }
  }

  public static func setPermissions(_ path: String, _ permissions: UInt32) throws(LinuxError) {
    try checked("chmod", path) { chmod(path, mode_t(permissions)) }
  }

  static func parentPath(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
