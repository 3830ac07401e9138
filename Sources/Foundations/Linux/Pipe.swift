internal import CShims
internal import Glibc

/// Both ends of a pipe; neither is inherited by programs that this process starts.
public struct Pipe: ~Copyable, Sendable {
  public var reading: FileDescriptor
  public var writing: FileDescriptor

  public init() throws(LinuxError) {
    var numbers: [Int32] = [-1, -1]
    let result = apus_pipe(&numbers)
    if result < 0 { throw LinuxError(number: -result, call: "pipe") }
    reading = FileDescriptor(owning: numbers[0])
    writing = FileDescriptor(owning: numbers[1])
  }

  /// Gives both ends away without closing them.
  public consuming func release() -> (reading: Int32, writing: Int32) {
    (reading.release(), writing.release())
  }
}

extension FileDescriptor {
  /// Reads and writes that would wait fail with `isWouldBlock` instead.
  public borrowing func setNonblocking() throws(LinuxError) {
    let descriptor = number
    let flags = try checked("fcntl", "descriptor \(descriptor)") { apus_fcntl(descriptor, F_GETFL, 0) }
    try checked("fcntl", "descriptor \(descriptor)") {
      apus_fcntl(descriptor, F_SETFL, Int(flags | O_NONBLOCK))
    }
  }

  /// A second descriptor for the same open file.
  public borrowing func duplicate() throws(LinuxError) -> FileDescriptor {
    let descriptor = number
    return FileDescriptor(
      owning: try checked("fcntl", "descriptor \(descriptor)") { apus_fcntl(descriptor, F_DUPFD_CLOEXEC, 3) })
  }

  /// One write call: how many bytes were taken; nil where a non-blocking descriptor takes none now.
  public borrowing func writeIfPossible(_ bytes: ArraySlice<UInt8>) throws(LinuxError) -> Int? {
    let descriptor = number
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count >= 0 { return count }
    let failure = LinuxError.current("write", "descriptor \(descriptor)")
    if failure.isWouldBlock || failure.number == EINTR { return nil }
    throw failure
  }
}

extension FileDescriptor {
  /// Whether the path names this open file still (it does not after a rename or removal).
  public borrowing func isSameFile(as path: String) throws(LinuxError) -> Bool {
    var own = stat()
    let descriptor = number
    try checked("fstat", "descriptor \(descriptor)") { fstat(descriptor, &own) }
    var other = stat()
    try checked("stat", path) { apus_stat(path, 1, &other) }
    return own.st_ino == other.st_ino && own.st_dev == other.st_dev
  }
}
