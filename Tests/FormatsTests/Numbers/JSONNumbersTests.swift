import Formats
import Testing

/// Bulk reading gives what the scanner gives, or nothing.
@Suite struct JSONNumbersTests {
  private func read(
    _ text: String, as element: JSONNumbers.Element, allowsNull: Bool = false, capacity: Int = 64
  ) -> (JSONNumbers, [UInt64])? {
    var slots = [UInt64](repeating: 0, count: capacity)
    var body = Array(text.utf8)
    body.append(UInt8(ascii: "}"))
    let numbers = slots.withUnsafeMutableBytes { room in
      body.withUnsafeBytes { bytes -> JSONNumbers? in
        guard let base = room.baseAddress else { return nil }
        return JSONNumbers.read(
          bytes, at: 0, as: element, allowsNull: allowsNull, into: base, capacity: capacity)
      }
    }
    return numbers.map { ($0, Array(slots.prefix($0.count))) }
  }

  private func doubles(_ text: String) -> [Double]? {
    read(text, as: .float64).map { $0.1.map { Double(bitPattern: $0) } }
  }

  @Test func `every double's text reads back as that double`() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var value = Double(bitPattern: generator.next())
      if !value.isFinite { value = 0 }
      let scaled = Double(Int64.random(in: -1_000_000_000...1_000_000_000)) / 1e6
      let unit = Double.random(in: -1...1)
      let text = "[\(value),\(scaled),\(unit)]"
      let read = try #require(doubles(text), "\(text)")
      #expect(read.map(\.bitPattern) == [value.bitPattern, scaled.bitPattern, unit.bitPattern], "\(text)")
    }
  }

  @Test func `random digits and powers read as the nearest double`() throws {
    for _ in 0..<20_000 {
      let whole =
        Int.random(in: 0...3) == 0 ? "0" : "\(UInt64.random(in: 1...UInt64.max >> UInt64.random(in: 0...60)))"
      var text = Bool.random() ? "-" + whole : whole
      if Bool.random() {
        text += "." + (0..<Int.random(in: 1...24)).map { _ in "\(Int.random(in: 0...9))" }.joined()
      }
      if Bool.random() {
        text += "\(Bool.random() ? "e" : "E")\(["", "+", "-"].randomElement() ?? "")\(Int.random(in: 0...90))"
      }
      let expected = try #require(Double(text))
      let read = try #require(doubles("[\(text)]"), "\(text)")
      #expect(read.map(\.bitPattern) == [expected.bitPattern], "\(text)")
    }
  }

  @Test func `halves between two doubles round to even`() throws {
    for text in [
      "9007199254740993", "9007199254740995", "9007199254740993.0", "900719925474099.3e1",
      "18014398509481990", "1.00000000000000011102230246251565404236316680908203125",
      "1.00000000000000011102230246251565404236316680908203126", "4503599627370496.5", "4503599627370497.5",
      "2.2250738585072014e-308", "4.9e-324", "1.7976931348623157e308", "0.1e-400", "-0", "-0.0e10",
    ] {
      let expected = try #require(Double(text))
      let read = try #require(doubles("[\(text)]"), "\(text)")
      #expect(read[0].bitPattern == expected.bitPattern, "\(text)")
    }
  }

  @Test func `lists of lists have rows and columns`() throws {
    let (numbers, slots) = try #require(read(" [ [1, 2 ,3],\n[4,5,6] ] ".trimmedFront, as: .int64))
    #expect(numbers.rows == 2 && numbers.columns == 3 && numbers.depth == 2 && numbers.count == 6)
    #expect(slots == [1, 2, 3, 4, 5, 6])
    let flat = try #require(read("[7,8]", as: .inferred))
    #expect(flat.0.depth == 1 && flat.0.rows == 2 && flat.0.element == .int64)
  }

  @Test func `an inferred list turns into doubles at its first fraction`() throws {
    let (numbers, slots) = try #require(read("[-3,-0,2.5,9223372036854775807]", as: .inferred))
    #expect(numbers.element == .float64)
    #expect(slots.map { Double(bitPattern: $0) } == [-3, 0, 2.5, 0x1p63])
    #expect(Double(bitPattern: slots[1]).sign == .plus)
    let missing = try #require(read("[1,null]", as: .inferred, allowsNull: true))
    #expect(missing.0.element == .float64 && Double(bitPattern: missing.1[1]).isNaN)
  }

  @Test func `what is no plain list of numbers is left to the scanner`() {
    for text in [
      "[]", "[[]]", "[[1],[]]", "[[1,2],[3]]", "[1,[2]]", "[[1],2]", "[[[1]]]", "[01]", "[1.]", "[.5]",
      "[+1]", "[1e]", "[-]", "[1,]", "[,1]", "[1 2]", "[true]", "[\"1\"]", "[null]", "[NaN]", "[1e400]", "[1",
      "[1,", "[", "", "{}", "1", "[1}", "[--1]", "[1e+]", "[1.e5]", "[0x10]", "[1\u{0}]",
    ] {
      #expect(read(text, as: .float64) == nil, "\(text)")
      #expect(read(text, as: .inferred) == nil, "\(text)")
    }
    for text in ["[1.0]", "[1e3]", "[9223372036854775808]", "[-9223372036854775809]"] {
      #expect(read(text, as: .int64) == nil, "\(text)")
    }
    for text in ["[2147483648]", "[-2147483649]"] { #expect(read(text, as: .int32) == nil, "\(text)") }
    #expect(read("[1e39]", as: .float32) == nil)
    #expect(read("[1,2,3]", as: .int64, capacity: 2) == nil)
  }

  @Test func `a text cut anywhere is refused, not read beyond`() {
    let text = "[[-12.25e+3,0.5],[1234567890.123456789,null]]"
    for length in 0..<text.utf8.count {
      #expect(read(String(text.prefix(length)), as: .float64, allowsNull: true) == nil)
    }
    #expect(read(text, as: .float64, allowsNull: true) != nil)
  }

  @Test func `garbage is refused or read like the scanner reads it`() {
    let alphabet = Array("[],.-+eE0123456789 n\"{")
    for _ in 0..<20_000 {
      let text = "[" + String((0..<Int.random(in: 1...12)).map { _ in alphabet.randomElement() ?? "1" }) + "]"
      guard let (numbers, slots) = read(text, as: .float64) else { continue }
      let expected = text[..<text.index(text.startIndex, offsetBy: numbers.end)].split { "[], ".contains($0) }
        .compactMap { Double(String($0)) }
      #expect(slots.map { Double(bitPattern: $0) } == expected, "\(text)")
    }
  }
}

extension String {
  fileprivate var trimmedFront: String { String(drop { $0 == " " }) }
}
