import Basics
import Formats
import Linux
import Testing

@testable import NodeAgent

private func read(_ path: String, _ change: (inout LogSelection) -> Void = { _ in }) throws -> String {
  var selection = LogSelection()
  change(&selection)
  let reader = ContainerLogReader(path: path, selection: selection)
  var all = Bytes()
  while true {
    let piece = try reader.next()
    if piece.isEmpty { return String(decoding: all, as: UTF8.self) }
    all += piece
  }
}

private func writeLines(_ writer: ContainerLogWriter, _ text: String) {
  var buffer = LineBuffer(limit: ContainerLogWriter.lineLimit)
  var bytes = Bytes(text.utf8)
  bytes.withUnsafeMutableBytes { raw in
    var lines: [LineBuffer.Line] = []
    buffer.append(UnsafeRawBufferPointer(raw)) { lines.append($0) }
    writer.write(lines, stream: "stdout")
  }
}

@Suite struct LogTests {
  @Test func selectionsCutALogAsAsked() async throws {
    try await withTemporaryFolder { folder in
      let clock = SimulatedClock(start: Timestamp(seconds: 1_790_000_000))
      let path = "\(folder)/0.log"
      let writer = ContainerLogWriter(path: path, clock: clock)
      for number in 1...5 {
        writeLines(writer, "line \(number)\n")
        clock.advance(by: .seconds(10))
      }
      #expect(try read(path) == "line 1\nline 2\nline 3\nline 4\nline 5\n")
      #expect(try read(path) { $0.tailLines = 2 } == "line 4\nline 5\n")
      #expect(try read(path) { $0.tailLines = 0 } == "")
      #expect(try read(path) { $0.limitBytes = 10 } == "line 1\nlin")
      #expect(try read(path) { $0.since = Timestamp(seconds: 1_790_000_030) } == "line 4\nline 5\n")
      let stamped = try read(path) {
        $0.hasTimestamps = true
        $0.tailLines = 1
      }
      #expect(stamped == "\(Timestamp(seconds: 1_790_000_040).rfc3339Nano) line 5\n")
    }
  }

  @Test func aLogIsRotatedAndReadAcrossTheRotation() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/0.log"
      let writer = ContainerLogWriter(path: path, limit: 2000, clock: SystemClock())
      let reader = ContainerLogReader(path: path, selection: LogSelection())
      var seen = Bytes()
      for number in 0..<200 {
        writeLines(writer, "line \(number)\n")
        while true {
          let piece = try reader.next()
          if piece.isEmpty { break }
          seen += piece
        }
      }
      #expect(seen == Bytes((0..<200).map { "line \($0)\n" }.joined().utf8))
      #expect(try Files.list(folder) == ["0.log", "0.log.1"])
      #expect(try Files.status(path).size <= 2000)
      #expect(try read(path).hasSuffix("line 198\nline 199\n"))
    }
  }

  @Test func longLinesComeBackWhole() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/0.log"
      let long = String(repeating: "x", count: 3 * ContainerLogWriter.lineLimit + 17)
      writeLines(ContainerLogWriter(path: path, clock: SystemClock()), "\(long)\nshort\n")
      let text = try read(path)
      #expect(text == "\(long)\nshort\n")
    }
  }

  @Test func garbageInALogIsSkipped() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/0.log"
      let good = "2026-11-21T08:15:30.123456789Z stdout F good\n"
      try Files.writeAtomically(
        Bytes("nonsense\n\n  \n2026 x\n2026 stdout Q x\n\(good)cut off".utf8), to: path)
      #expect(try read(path) == "good\n")
    }
  }

  @Test func theTerminationMessageIsTheFileElseTheTailOfTheLog() async throws {
    try await withTemporaryFolder { folder in
      let (file, log) = ("\(folder)/message", "\(folder)/0.log")
      let writer = ContainerLogWriter(path: log, clock: SystemClock())
      for number in 0..<200 { writeLines(writer, "line \(number)\n") }
      try Files.writeAtomically([], to: file)
      #expect(TerminationMessage.read(path: file, log: nil) == "")
      let tail = TerminationMessage.read(path: file, log: log)
      #expect(tail.hasPrefix("line 120\n") && tail.hasSuffix("line 199\n"))
      try Files.writeAtomically(Bytes(repeating: 65, count: 9000), to: file)
      #expect(TerminationMessage.read(path: file, log: log).utf8.count == 4096)
    }
  }

  @Test func linesAreCutAtTheirLimitAndRejoinedByTheirTag() {
    var buffer = LineBuffer(limit: 4)
    var lines: [String] = []
    for piece in ["ab", "cdef\ng", "\n\n", "end"] {
      Bytes(piece.utf8).withUnsafeBytes { bytes in
        buffer.append(bytes) {
          lines.append(String(decoding: $0.bytes, as: UTF8.self) + ($0.isWhole ? "|" : ""))
        }
      }
    }
    #expect(lines == ["abcd", "ef|", "g|", "|"])
    #expect(buffer.takeRest().map { Bytes($0.bytes) } == Bytes("end".utf8))
    #expect(buffer.isEmpty)
  }
}
