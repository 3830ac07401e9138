internal import CShims
internal import Glibc
public import Basics

/// Reading and writing at a place, for memory that two processes share: a peer that cuts the file short makes
/// a read end early here, where a mapping would end this process.
extension MemoryFile {
  /// Writes all bytes at `offset`; the file grows as needed.
  public static func write(
    _ bytes: UnsafeRawBufferPointer, to file: borrowing FileDescriptor, at offset: Int
  ) throws(LinuxError) {
    try write(bytes, toDescriptor: file.number, at: offset)
  }

  /// As above, for closures, which cannot borrow a descriptor.
  public static func write(
    _ bytes: UnsafeRawBufferPointer, toDescriptor descriptor: Int32, at offset: Int
  ) throws(LinuxError) {
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      written += try checked("pwrite", "memory file") {
        pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + written))
      }
    }
  }

  /// - Returns: fewer than `count` bytes where the file ends before.
  public static func read(
    _ file: borrowing FileDescriptor, at offset: Int, count: Int
  ) throws(LinuxError) -> Bytes {
    let descriptor = file.number
    var failure: LinuxError?
    let bytes = Bytes(unsafeUninitializedCapacity: count) { buffer, initialized in
      while initialized < count {
        let rest = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[initialized...])
        let result = pread(descriptor, rest.baseAddress, count - initialized, off_t(offset + initialized))
        if result < 0 {
          if errno == EINTR { continue }
          failure = .current("pread", "memory file")
          return
        }
        if result == 0 { return }
        initialized += result
      }
    }
    if let failure { throw failure }
    return bytes
  }

  public static func size(of file: borrowing FileDescriptor) throws(LinuxError) -> Int {
    var status = stat()
    let descriptor = file.number
    try checked("fstat", "memory file") { fstat(descriptor, &status) }
    return Int(status.st_size)
  }

  /// Cuts the file, or lets it grow by zeros.
  public static func resize(_ file: borrowing FileDescriptor, to size: Int) throws(LinuxError) {
    let descriptor = file.number
    try checked("ftruncate", "memory file") { ftruncate(descriptor, off_t(size)) }
  }
}
