internal import Basics
internal import Linux

/// What a reader of a log wants to see.
struct LogSelection: Sendable, Hashable {
  var tailLines: Int?
  var hasTimestamps = false
  var since: Timestamp?
  var limitBytes: Int?
}

/// Reads one run's log from its start, piece by piece, and goes on where the file grows. All verbs block; one
/// caller at a time. `@unchecked Sendable`: its owner asks for one piece at a time and waits for it.
final class ContainerLogReader: @unchecked Sendable {
  private let path: String
  private let selection: LogSelection
  private var file: OpenFile?
  /// Files before the current one: the rotated part.
  private var pendingPaths: [String]
  private var rest = Bytes()
  private var isAtLineStart = true
  private var sent = 0
  private var isFirst = true

  static let pieceLimit = 256 * ByteCount.kibibyte

  init(path: String, selection: LogSelection) {
    self.path = path
    self.selection = selection
    pendingPaths = ["\(path).1", path].filter(Files.exists)
  }

  /// The limit has been reached: nothing more comes.
  var isExhausted: Bool { selection.limitBytes.map { sent >= $0 } ?? false }

  /// What has been written since the last call, at most a piece; empty where nothing has.
  func next() throws(LinuxError) -> Bytes {
    if isExhausted { return [] }
    if isFirst {
      isFirst = false
      if let tail = selection.tailLines { return limited(try readTail(tail)) }
    }
    while true {
      let bytes = try readMore()
      if bytes.isEmpty { return [] }
      rest += bytes
      let text = takeLines()
      if !text.isEmpty { return limited(text) }
    }
  }

  /// Everything there is, cut to the last lines.
  private func readTail(_ count: Int) throws(LinuxError) -> Bytes {
    var lines: [Bytes] = []
    while true {
      let bytes = try readMore()
      if bytes.isEmpty { break }
      rest += bytes
      let text = takeLines()
      for line in text.split(separator: 10, omittingEmptySubsequences: false).dropLast() {
        lines.append(Bytes(line))
      }
      if lines.count > 2 * count + 1024 { lines.removeFirst(lines.count - count) }
    }
    return count > 0 ? Bytes(lines.suffix(count).map { $0 + [10] }.joined()) : []
  }

  private func readMore() throws(LinuxError) -> Bytes {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceLimit, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      if file == nil {
        guard let next = pendingPaths.first else {
          // The first line had not been written when the reader began.
          guard Files.exists(path), rest.isEmpty, sent == 0 else { return [] }
          pendingPaths = [path]
          continue
        }
        file = OpenFile(try Files.open(next, .read))
      }
      let count = try file?.descriptor.read(into: buffer) ?? 0
      if count > 0 { return Bytes(buffer[..<count]) }
      if pendingPaths.count > 1 {
        pendingPaths.removeFirst()
        file = nil
        continue
      }
      return try wasRotated() ? reopen() : []
    }
  }

  /// The writer has moved this file away and begun a new one.
  private func wasRotated() throws(LinuxError) -> Bool {
    guard let file, Files.exists(path) else { return false }
    return try !file.descriptor.isSameFile(as: path)
  }

  private func reopen() -> Bytes {
    file = nil
    pendingPaths = [path]
    return (try? readMore()) ?? []
  }

  /// The complete lines in `rest`, selected and formatted.
  private func takeLines() -> Bytes {
    var output = Bytes()
    var start = rest.startIndex
    while let newline = rest[start...].firstIndex(of: 10) {
      if let line = LogLine(parsing: rest[start..<newline]) { append(line, to: &output) }
      start = newline + 1
    }
    rest.removeFirst(start)
    return output
  }

  private func append(_ line: LogLine, to output: inout Bytes) {
    if let since = selection.since, let time = line.timestamp, time < since { return }
    if selection.hasTimestamps && isAtLineStart {
      output.append(contentsOf: line.time)
      output.append(32)
    }
    output.append(contentsOf: line.content)
    if line.isWhole { output.append(10) }
    isAtLineStart = line.isWhole
  }

  private func limited(_ bytes: Bytes) -> Bytes {
    let room = selection.limitBytes.map { max(0, $0 - sent) } ?? bytes.count
    sent += min(room, bytes.count)
    return bytes.count > room ? Bytes(bytes[..<room]) : bytes
  }

  private final class OpenFile {
    let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
  }
}
