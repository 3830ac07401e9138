internal import Basics
internal import Linux

/// Writes a container's output as `time stream tag text` lines (the container runtimes' format; tag `F` for a
/// whole line, `P` for a piece). At `limit` bytes the file becomes `<file>.1`, in place of an older one.
final class ContainerLogWriter {
  static let lineLimit = 16 * ByteCount.kibibyte
  static let sizeLimit = 10 * ByteCount.mebibyte

  private let path: String
  private let limit: Int
  private let clock: any WallClock
  private var file: FileDescriptor?
  private var size = 0

  init(path: String, limit: Int = ContainerLogWriter.sizeLimit, clock: any WallClock) {
    self.path = path
    self.limit = limit
    self.clock = clock
  }

  /// A full disk must not stop the container: lines that cannot be written are lost.
  func write(_ lines: [LineBuffer.Line], stream: String) {
    guard !lines.isEmpty else { return }
    let time = clock.now().rfc3339Nano
    var text = Bytes()
    for line in lines {
      text.append(contentsOf: "\(time) \(stream) \(line.isWhole ? "F" : "P") ".utf8)
      text.append(contentsOf: line.bytes)
      text.append(10)
    }
    if size + text.count > limit && size > 0 { rotate() }
    do {
      try openIfNeeded()
      try file?.writeAll(text)
      size += text.count
    } catch {
      file = nil
    }
  }

  private func openIfNeeded() throws(LinuxError) {
    guard file == nil else { return }
    file = try Files.open(path, .append, permissions: 0o640)
    size = Int(clamping: (try? Files.status(path).size) ?? 0)
  }

  private func rotate() {
    file = nil
    // Where the rename fails the file just goes on growing, which loses nothing.
    try? Files.rename(path, to: "\(path).1")
    size = 0
  }
}
