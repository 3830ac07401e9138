import Basics
import Formats
import Testing

struct ProtobufTests {
  private func read<Value>(
    _ bytes: [UInt8], _ body: (inout ProtobufReader) throws(ProtobufError) -> Value
  ) throws(ProtobufError) -> Value {
    let result: Result<Value, ProtobufError> = bytes.withUnsafeBytes { buffer in
      var reader = ProtobufReader(buffer)
      do throws(ProtobufError) { return .success(try body(&reader)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  private func code(_ bytes: [UInt8]) -> ProtobufError.Code? {
    do {
      try read(bytes) { (reader) throws(ProtobufError) in
        while let tag = try reader.next() { try reader.skip(tag) }
      }
      return nil
    } catch {
      return error.code
    }
  }

  @Test(arguments: [0, 1, 127, 128, 300, 1 << 21, 1 << 32, 1 << 63, UInt64.max])
  func numbersComeBackAsTheyWent(value: UInt64) throws {
    var writer = ProtobufWriter()
    writer.varint(value)
    #expect(writer.bytes.count == ProtobufWriter.size(value))
    #expect(try read(writer.bytes) { (reader) throws(ProtobufError) in try reader.varint() } == value)
  }

  @Test func fieldsComeBackAsTheyWent() throws {
    var writer = ProtobufWriter()
    writer.field(1, "text")
    writer.field(2, Int64(-1))
    writer.field(3, true)
    writer.field(4, 2.5)
    writer.packed(5, [1, -1, 300])
    let long = String(repeating: "a", count: 200)
    writer.message(6) { $0.field(1, long) }
    writer.field(7, "")
    try read(writer.bytes) { (reader) throws(ProtobufError) in
      var seen: [Int] = []
      while let tag = try reader.next() {
        seen.append(tag.number)
        switch tag.number {
        case 1: #expect(try reader.string(of: tag) == "text")
        case 2: #expect(try reader.int64(of: tag) == -1)
        case 3: #expect(try reader.bool(of: tag))
        case 4: #expect(try reader.double(of: tag) == 2.5)
        case 5:
          var values: [Int64] = []
          try reader.varints(of: tag) { values.append(Int64(bitPattern: $0)) }
          #expect(values == [1, -1, 300])
        default:
          var inner = ProtobufReader(try reader.payload(of: tag))
          let innerTag = try inner.next()
          if let innerTag { #expect(try inner.string(of: innerTag) == long) }
          #expect(inner.isAtEnd)
        }
      }
      #expect(seen == [1, 2, 3, 4, 5, 6])
    }
  }

  @Test(
    "malformed bytes are refused",
    arguments: [
      ([0x08], ProtobufError.Code.truncated), ([0x08, 0x80], .truncated), ([0x00], .badTag),
      ([0x0E, 0x00], .badTag), ([0x0A, 0x05, 0x61], .truncated), ([0x0D, 0x00, 0x00], .truncated),
      ([0x09, 0x00], .truncated), ([0x0C], .badTag), ([0x0B], .truncated), ([0x0B, 0x14], .badTag),
      ([0x08] + [UInt8](repeating: 0xFF, count: 10), .badVarint),
      ([0x08] + [UInt8](repeating: 0x80, count: 9) + [0x02], .badVarint),
      ([UInt8](repeating: 0x0B, count: 100), .tooDeep),
      ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], .truncated),
    ])
  func malformed(bytes: [UInt8], expected: ProtobufError.Code) {
    #expect(code(bytes) == expected)
  }

  @Test func unknownGroupsAreSkipped() {
    #expect(code([0x0B, 0x10, 0x01, 0x13, 0x14, 0x0C, 0x18, 0x01]) == nil)
  }

  @Test func textsAreUTF8() {
    #expect(throws: ProtobufError.self) {
      try read([0x0A, 0x01, 0xFF]) { (reader) throws(ProtobufError) in
        if let tag = try reader.next() { _ = try reader.string(of: tag) }
      }
    }
  }
}
