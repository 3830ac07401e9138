import Basics
import Formats
import KubeProtocol
import Testing

@testable import KubeClient

@Suite struct WatchLinesTests {
  private func line(_ name: String) -> Bytes {
    let event = WatchEvent(.added, KubeObject(.configMaps, namespace: "n", name: name))
    return event.json.encoded() + [UInt8(ascii: "\n")]
  }

  @Test func eventsComeWholeHoweverTheBytesAreCut() throws {
    let bytes = line("a") + line("b") + line("c")
    for size in 1...bytes.count {
      var lines = WatchLines()
      var names: [String] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        names += try lines.take(Array(bytes[start..<min(start + size, bytes.count)])).map(\.object.name)
      }
      names += try lines.finish().map(\.object.name)
      #expect(names == ["a", "b", "c"])
    }
  }

  @Test func aLastLineWithoutItsEndCounts() throws {
    var lines = WatchLines()
    #expect(try lines.take(line("a").dropLast()).isEmpty)
    #expect(try lines.finish().map(\.object.name) == ["a"])
  }

  @Test func aCutEventIsAnError() throws {
    var lines = WatchLines()
    _ = try lines.take(Array(line("a").dropLast(5)))
    #expect(throws: WatchLineError.self) { try lines.finish() }
  }

  @Test(arguments: [
    "{}\n", "[]\n", "garbage\n", "{\"type\":\"NEWS\",\"object\":{}}\n", "\u{0}\n", "{\"type\":\n",
  ])
  func garbageIsAnErrorNotACrash(_ text: String) {
    var lines = WatchLines()
    #expect(throws: WatchLineError.self) { try lines.take(Bytes(text.utf8)) }
  }

  @Test func emptyLinesAreNothing() throws {
    var lines = WatchLines()
    #expect(try lines.take(Bytes("\n\r\n \n".utf8)).isEmpty)
  }

  @Test func aLineWithoutEndIsRefused() throws {
    var lines = WatchLines(lineLimit: 100)
    _ = try lines.take(Bytes(repeating: 32, count: 100))
    #expect(throws: WatchLineError.self) { try lines.take([32]) }
  }
}
