import Formats
import TestSupport
import Testing

struct NumberValueTests {
  private func scan(_ text: String) throws -> (JSONScanner.NumberValue, Double) {
    try Array(text.utf8).withUnsafeBytes { buffer in
      var scanner = JSONScanner(buffer)
      _ = try scanner.next()
      return (scanner.numberValue, scanner.doubleValue)
    }
  }

  @Test func doublesEqualTheCLibrarysForGeneratedTexts() throws {
    var generator = SeededGenerator(seed: 99)
    for _ in 0..<20_000 {
      let digits = Int.random(in: 1...22, using: &generator)
      var text = Bool.random(using: &generator) ? "-" : ""
      text += String(Int.random(in: 1...9, using: &generator))
      for _ in 1..<max(2, digits) { text += String(Int.random(in: 0...9, using: &generator)) }
      if Bool.random(using: &generator) {
        text += "."
        for _ in 0..<Int.random(in: 1...20, using: &generator) {
          text += String(Int.random(in: 0...9, using: &generator))
        }
      }
      if Bool.random(using: &generator) { text += "e\(Int.random(in: -330...330, using: &generator))" }
      let expected = Double(text)
      #expect(try scan(text).1 == expected, "\(text)")
    }
  }

  @Test func shortestTextsOfRandomDoublesReadBack() throws {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &generator))
      guard value.isFinite else { continue }
      #expect(try scan(value.description).1.bitPattern == value.bitPattern)
    }
  }

  @Test(
    "integers stay integers while they fit",
    arguments: [
      ("0", 0), ("-1", -1), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
    ])
  func readsIntegers(text: String, value: Int64) throws {
    #expect(try scan(text).0 == .integer(value))
  }

  @Test(
    "others become doubles",
    arguments: [
      ("9223372036854775808", 9.223372036854775808e18), ("1.0", 1), ("1e3", 1000), ("-0.0", -0.0),
      ("1e400", Double.infinity), ("1e-400", 0), ("1e99999999999999999999", Double.infinity),
      ("0.00000000000000000000000000000001", 1e-32),
      ("123456789012345678901234567890", 1.2345678901234568e29),
    ])
  func readsDoubles(text: String, value: Double) throws {
    #expect(try scan(text).0 == .double(value))
  }
}
