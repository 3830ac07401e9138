internal import Basics

/// One line of a container's log file: `2026-11-21T08:15:30.123456789Z stdout F text`.
struct LogLine: Sendable, Hashable {
  /// As written.
  var time: ArraySlice<UInt8>
  /// False for a piece whose rest follows.
  var isWhole: Bool
  var content: ArraySlice<UInt8>

  /// - Parameter line: without its newline. Nil where it has another form.
  init?(parsing line: ArraySlice<UInt8>) {
    guard let first = line.firstIndex(of: 32) else { return nil }
    let afterTime = line[line.index(after: first)...]
    guard let second = afterTime.firstIndex(of: 32) else { return nil }
    let afterStream = afterTime[afterTime.index(after: second)...]
    guard let tag = afterStream.first, tag == UInt8(ascii: "F") || tag == UInt8(ascii: "P") else {
      return nil
    }
    let afterTag = afterStream.dropFirst()
    guard afterTag.first == 32 else { return nil }
    time = line[..<first]
    isWhole = tag == UInt8(ascii: "F")
    content = afterTag.dropFirst()
  }

  var timestamp: Timestamp? { Timestamp(rfc3339: String(decoding: time, as: UTF8.self)) }
}
