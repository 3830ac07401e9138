internal import CShims
internal import Glibc
public import Basics

/// Owns one open descriptor and closes it at the end of its life.
public struct FileDescriptor: ~Copyable, Sendable {
  public let number: Int32

  /// Takes over `number`; nobody else may close it.
  public init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  /// Gives the number away without closing it.
  public consuming func release() -> Int32 {
    let released = number
    discard self
    return released
  }

  /// Reads at most `buffer.count` bytes. Returns 0 at the end of the file.
  public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(LinuxError) -> Int {
    let descriptor = number
    return try checked("read", "descriptor \(descriptor)") {
      Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    }
  }

  /// Leaves out what comes next in the file, without reading it.
  public borrowing func skip(_ byteCount: Int) throws(LinuxError) {
    let descriptor = number
    try checked("lseek", "descriptor \(descriptor)") { lseek(descriptor, off_t(byteCount), SEEK_CUR) }
  }

  /// Writes all bytes, however many calls that takes.
  public borrowing func writeAll(_ bytes: UnsafeRawBufferPointer) throws(LinuxError) {
    let descriptor = number
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      written += try checked("write", "descriptor \(descriptor)") {
        Glibc.write(descriptor, rest.baseAddress, rest.count)
      }
    }
  }

  public borrowing func writeAll(_ bytes: Bytes) throws(LinuxError) {
    let descriptor = number
    var failure: LinuxError?
    bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          failure = .current("write", "descriptor \(descriptor)")
          return
        }
        written += count
      }
    }
    if let failure { throw failure }
  }

  /// fsync(2): returns once data and metadata are on the disk.
  public borrowing func synchronize() throws(LinuxError) {
    let descriptor = number
    try checked("fsync", "descriptor \(descriptor)") { fsync(descriptor) }
  }
}
