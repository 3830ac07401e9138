internal import CShims
internal import Glibc
public import Basics

/// A file without a name, in memory: for C libraries that write to a descriptor.
public enum MemoryFile {
  public static func create(_ name: String) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(owning: try checked("memfd_create", name) { apus_memory_file(name) })
  }

  /// Everything written so far.
  public static func contents(of file: borrowing FileDescriptor) throws(LinuxError) -> Bytes {
    try checked("lseek", "memory file") { lseek(file.number, 0, SEEK_SET) }
    var bytes = Bytes()
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { chunk.deallocate() }
    while true {
      let count = try file.read(into: chunk)
      if count == 0 { return bytes }
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[..<count]))
    }
  }

  /// Makes the file hold just these bytes.
  public static func replaceContents(
    of file: borrowing FileDescriptor, with bytes: Bytes
  ) throws(LinuxError) {
    let descriptor = file.number
    try checked("ftruncate", "memory file") { ftruncate(descriptor, 0) }
    try checked("lseek", "memory file") { lseek(descriptor, 0, SEEK_SET) }
    try file.writeAll(bytes)
  }
}
