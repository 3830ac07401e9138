internal import CShims
internal import Glibc

/// A FIFO: a pipe that two processes find by its path. No call waits for the other side.
public enum NamedPipe {
  public static func create(_ path: String) throws(LinuxError) {
    _ = try checked("mkfifo", path) { mkfifo(path, 0o600) }
  }

  /// The reading end; reads that find nothing fail with `isWouldBlock`, or give 0 while nobody writes.
  public static func openReader(_ path: String) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(
      owning: try checked("open", path) { apus_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0) })
  }

  /// The reading end for a program: its reads wait while somebody holds the writing end.
  public static func openWaitingReader(_ path: String) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(owning: try checked("open", path) { apus_open_fifo_reader(path) })
  }

  /// A writing end that keeps the pipe alive while nobody reads yet; its writes do not wait.
  public static func openKeeper(_ path: String) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(
      owning: try checked("open", path) { apus_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0) })
  }

  /// The writing end for a program: somebody must hold the reading end, and its writes wait.
  public static func openWaitingWriter(_ path: String) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(owning: try checked("open", path) { apus_open_fifo_writer(path) })
  }
}

/// A pseudo-terminal: programs run on the path, the master sees what they write.
public enum PseudoTerminal {
  /// The master's reads and writes do not wait.
  public static func open() throws(LinuxError) -> (master: Int32, path: String) {
    var path = [CChar](repeating: 0, count: 64)
    let master = try checked("open", "/dev/ptmx") { apus_open_terminal(&path, path.count) }
    return (master, String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  /// The end that a program gets as its three streams.
  public static func openProgramEnd(_ path: String) throws(LinuxError) -> FileDescriptor {
    FileDescriptor(
      owning: try checked("open", path) { apus_open(path, O_RDWR | O_NOCTTY | O_CLOEXEC, 0) })
  }

  public static func resize(_ master: Int32, columns: Int, rows: Int) throws(LinuxError) {
    _ = try checked("ioctl", "TIOCSWINSZ") {
      apus_resize_terminal(master, UInt16(clamping: columns), UInt16(clamping: rows))
    }
  }
}

extension FileDescriptor {
  /// Writes what goes in without waiting; throws with `isWouldBlock` where nothing does.
  public borrowing func writeSome(_ bytes: ArraySlice<UInt8>) throws(LinuxError) -> Int {
    let descriptor = number
    return try checked("write", "descriptor \(descriptor)") {
      bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
  }
}
