internal import Basics
internal import Formats
internal import KubeProtocol

/// Cuts a watch's body, JSON objects one per line, into events. Pure: bytes in, events out.
struct WatchLines {
  private let lineLimit: Int
  private var buffer = Bytes()
  /// What was searched for a line's end already.
  private var searched = 0

  init(lineLimit: Int = 64 * ByteCount.mebibyte) { self.lineLimit = lineLimit }

  /// Throws where a line is no event, or is too long.
  mutating func take(_ bytes: Bytes) throws(WatchLineError) -> [WatchEvent] {
    buffer += bytes
    var events: [WatchEvent] = []
    var start = 0
    while let end = buffer[max(start, searched)...].firstIndex(of: UInt8(ascii: "\n")) {
      if let event = try Self.event(buffer[start..<end]) { events.append(event) }
      start = end + 1
      searched = start
    }
    buffer.removeFirst(start)
    searched = buffer.count
    if buffer.count > lineLimit {
      throw WatchLineError("an event of the watch is longer than \(lineLimit) bytes")
    }
    return events
  }

  /// What is left when the body ends: a last line without its end.
  mutating func finish() throws(WatchLineError) -> [WatchEvent] {
    defer { buffer = [] }
    return try Self.event(buffer[...]).map { [$0] } ?? []
  }

  private static func event(_ line: ArraySlice<UInt8>) throws(WatchLineError) -> WatchEvent? {
    if line.allSatisfy({ $0 == 32 || $0 == 13 || $0 == 9 }) { return nil }
    do {
      let json = try JSONValue(parsing: line)
      if let event = WatchEvent(json: json) { return event }
    } catch {
      throw WatchLineError("an event of the watch is \(error)")
    }
    throw WatchLineError("a line of the watch is no event")
  }
}

/// A watch's body that is not what it should be.
struct WatchLineError: Error, Sendable, CustomStringConvertible {
  let message: String
  init(_ message: String) { self.message = message }
  var description: String { message }
}
