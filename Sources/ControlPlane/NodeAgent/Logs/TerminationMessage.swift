internal import Basics
internal import Linux

/// What a container had to say at its end. Blocks.
enum TerminationMessage {
  /// Kubernetes' limits for `terminated.message`.
  static let limit = 4096
  static let logLimit = 2048
  static let logLines = 80

  /// The termination log's content, else (where `log` is given) the tail of the container's log.
  static func read(path: String, log: String?) -> String {
    let written = (try? readHead(path, limit: limit)) ?? []
    if !written.isEmpty { return String(decoding: written, as: UTF8.self) }
    guard let log, let bytes = try? Files.read(log, limit: 2 * ContainerLogWriter.sizeLimit) else {
      return ""
    }
    let lines = bytes.split(separator: 10).suffix(logLines).compactMap { LogLine(parsing: $0) }
    var text = Bytes()
    for line in lines {
      text.append(contentsOf: line.content)
      if line.isWhole { text.append(10) }
    }
    return String(decoding: text.suffix(logLimit), as: UTF8.self)
  }

  private static func readHead(_ path: String, limit: Int) throws(LinuxError) -> Bytes {
    let file = try Files.open(path, .read)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 16)
    defer { buffer.deallocate() }
    let count = try file.read(into: buffer)
    return Bytes(buffer[..<count])
  }
}
