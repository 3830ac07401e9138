internal import CShims
internal import Glibc

/// Tells when files of one folder change (inotify). The descriptor becomes readable; `drain` makes it quiet again.
public struct FileWatch: ~Copyable, Sendable {
  public let descriptor: FileDescriptor

  /// - Parameter path: an existing folder; changes, new names, renames and removals in it count.
  public init(folder path: String) throws(LinuxError) {
    let result = apus_inotify_open()
    if result < 0 { throw LinuxError(number: -result, call: "inotify_init") }
    let opened = FileDescriptor(owning: result)
    let mask = UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_CLOSE_WRITE)
    try checked("inotify_add_watch", path) { inotify_add_watch(result, path, mask) }
    descriptor = opened
  }

  /// Forgets what has been reported so far.
  public borrowing func drain() throws(LinuxError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
    defer { buffer.deallocate() }
    do {
      while try descriptor.read(into: buffer) > 0 {}
    } catch {
      if !error.isWouldBlock { throw error }
    }
  }
}
