internal import CShims
internal import Glibc

/// An exclusive lock (flock(2)) on a file that tells who holds it. The kernel releases it when the process
/// ends, however it ends; the file stays.
public struct LockFile: ~Copyable, Sendable {
  /// Why the lock was not taken.
  public enum Failure: Error, Sendable, Hashable {
    /// Another process holds it; its id, where the file says so.
    case held(processID: Int32?)
    case system(LinuxError)
  }

  private let file: FileDescriptor

  public init(_ path: String, permissions: UInt32 = 0o600) throws(Failure) {
    let number = apus_open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(permissions))
    guard number >= 0 else { throw .system(.current("open", path)) }
    let opened = FileDescriptor(owning: number)
    while flock(number, LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      guard errno == EWOULDBLOCK else { throw .system(.current("flock", path)) }
      throw .held(processID: Self.holder(number))
    }
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(number, 0) == 0 else { throw .system(.current("ftruncate", path)) }
    do {
      try opened.writeAll(text)
    } catch {
      throw .system(LinuxError(number: error.number, call: error.call, subject: path))
    }
    file = opened
  }

  /// Unlocks by word: a child process that is just being started still holds a copy of the descriptor, and
  /// the lock would stay with it until its exec.
  deinit { _ = flock(file.number, LOCK_UN) }

  private static func holder(_ descriptor: Int32) -> Int32? {
    var bytes: [UInt8] = Array(repeating: 0, count: 32)
    let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    guard count > 0 else { return nil }
    let digits = bytes.prefix(count).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return Int32(String(decoding: digits, as: UTF8.self))
  }
}
