import Formats
import Testing

/// Long lists go eight numbers at a time where the processor can; short ones never do. Both say the same.
@Suite struct JSONNumberListTests {
  private static let forms: [JSONNumbers.Element] = [.float64, .float32, .inferred, .int64]

  private func read(_ text: String, _ element: JSONNumbers.Element, allowsNull: Bool = true) -> (
    JSONNumbers, [UInt64]
  )? {
    // At an offset of its own, followed by other members.
    let body = Array("{\"x\":\(text),\"y\":[1, 2]}".utf8)
    var slots = [UInt64](repeating: 0, count: body.count / 2 + 2)
    let numbers = slots.withUnsafeMutableBytes { room in
      body.withUnsafeBytes { bytes -> JSONNumbers? in
        guard let base = room.baseAddress else { return nil }
        return JSONNumbers.read(
          bytes, at: 5, as: element, allowsNull: allowsNull, into: base, capacity: room.count / 8)
      }
    }
    guard let numbers, numbers.end == 5 + text.utf8.count else { return nil }
    if numbers.element != .float32 { return (numbers, Array(slots.prefix(numbers.count))) }
    return slots.withUnsafeBytes { bytes in
      (
        numbers,
        (0..<numbers.count).map { UInt64(bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)) }
      )
    }
  }

  private func number(_ generator: inout SystemRandomNumberGenerator) -> String {
    let sign = Int.random(in: 0..<3, using: &generator) == 0 ? "-" : ""
    func digits(_ most: Int) -> String {
      (0..<Int.random(in: 1...most, using: &generator)).map { _ in
        "\(Int.random(in: 0...9, using: &generator))"
      }.joined()
    }
    switch Int.random(in: 0..<12, using: &generator) {
    case 0: return sign + "0"
    case 1: return sign + "\(UInt64.random(in: 1...UInt64.max, using: &generator) >> 2)"
    case 2: return sign + "0." + digits(20)
    case 3: return "\(Double.random(in: -1...1, using: &generator))"
    case 4: return sign + "\(Int.random(in: 1...99, using: &generator)).\(digits(3))e-\(digits(2))"
    case 5: return sign + "0.0"
    case 6: return "\(Float.random(in: -1e5...1e5, using: &generator))"
    case 7: return sign + "9" + digits(14)
    default: return sign + "\(Int.random(in: 0...999, using: &generator)).\(digits(9))"
    }
  }

  private func join(_ rows: [[String]], _ space: [String]) -> String {
    func gap() -> String { space.randomElement() ?? "" }
    return "[" + gap()
      + rows.map { "[" + gap() + $0.joined(separator: "," + gap()) + gap() + "]" }
      .joined(separator: "," + gap()) + gap() + "]"
  }

  @Test func `a table reads as its numbers do one by one`() throws {
    var generator = SystemRandomNumberGenerator()
    for round in 0..<60 {
      let columns = Int.random(in: 1...30, using: &generator)
      let kind = Int.random(in: 0..<3, using: &generator)
      let rows = (0..<Int.random(in: 20...120, using: &generator)).map { _ in
        (0..<columns).map { _ -> String in
          switch kind {
          case 0: "\(Int.random(in: -99_999...99_999, using: &generator))"
          case 1: Int.random(in: 0..<40, using: &generator) == 0 ? "null" : number(&generator)
          default: "\(Double(Int.random(in: -9_000_000...9_000_000, using: &generator)) / 1e6)"
          }
        }
      }
      let space = [[""], [" "], ["", " ", "\n", "  ", "\r\n\t", " \n "]][round % 3]
      let text = join(rows, space)
      for form in Self.forms {
        // A number that does not fit the form makes a table of nothing.
        let parts = rows.joined().map { read("[[\($0)]]", form == .inferred ? .float64 : form) }
        let table = read(text, form)
        if form == .inferred, let table, table.0.element == .int64 {
          #expect(kind == 0 || rows.joined().allSatisfy { Int64($0) != nil })
          #expect(table.1 == rows.joined().map { UInt64(bitPattern: Int64($0) ?? -1) })
          continue
        }
        guard parts.allSatisfy({ $0 != nil }) else {
          #expect(table == nil)
          continue
        }
        let (numbers, slots) = try #require(table, "\(form) \(text.prefix(200))")
        #expect(numbers.rows == rows.count && numbers.columns == columns && numbers.depth == 2)
        let wanted = parts.compactMap { $0?.1.first }
        if form == .inferred {
          // Whole numbers have no minus zero there.
          let zero = (-0.0).bitPattern
          #expect(slots.map { $0 == zero ? 0 : $0 } == wanted.map { $0 == zero ? 0 : $0 })
        } else {
          #expect(slots == wanted)
        }
      }
    }
  }

  @Test func `minus zero is zero among integers and keeps its sign as a fraction`() throws {
    let text = "[" + String(repeating: "-0, -0.0, 1.5, ", count: 99) + "0]"
    let inferred = try #require(read(text, .inferred)).1.map { Double(bitPattern: $0).sign }
    #expect(inferred[0] == .plus && inferred[1] == .minus)
    let doubles = try #require(read(text, .float64)).1.map { Double(bitPattern: $0).sign }
    #expect(doubles[0] == .minus && doubles[1] == .minus)
  }

  @Test func `a mistake anywhere in a long list is refused`() {
    var generator = SystemRandomNumberGenerator()
    let mistakes = [
      "01", "1.", ".5", "-", "+1", "1e", "e5", "n5", "nul", "nulll", "--1", "1-1", "1.2.3", "-.5", "1 2", "",
      "[1]", "\"1\"", "true", "1e999", "-01", "00", "1..2", "1.e5", "NaN", "-null", "1,,2", "1]", "[1", "{}",
      "\u{B1}", "1\u{B1}", "0x1", "1n", "u", "12345678901234567.", "-1.5-", "1/2", "1_0", ";",
    ]
    for mistake in mistakes {
      for _ in 0..<4 {
        var rows = (0..<50).map { _ in (0..<5).map { _ in "\(Int.random(in: 0...99)).25" } }
        rows[Int.random(in: 0..<50, using: &generator)][Int.random(in: 0..<5, using: &generator)] = mistake
        for form in Self.forms { #expect(read(join(rows, [" "]), form) == nil, "\(mistake)") }
      }
    }
    let rows = (0..<50).map { _ in ["1.5", "2.5", "3.5", "4.5"] }
    for separator in ["]  [", "] ,, [", ", ", "]], [[", "] , ] [", "[, ["] {
      let text = join(rows, [" "]).replacingFirst("], [", by: separator)
      #expect(read(text, .float64) == nil, "\(separator)")
    }
    #expect(read(join(rows + [["1.5"]], [" "]), .float64) == nil)
    #expect(read(join([["1.5"]] + rows, [" "]), .float64) == nil)
  }

  @Test func `a long list cut anywhere is refused`() {
    let text = join((0..<60).map { _ in ["1.5", "-2", "3.25e1", "null"] }, ["", " "])
    let body = Array(text.utf8)
    for length in stride(from: 0, to: body.count, by: 3) {
      let cut = Array(body.prefix(length)) + Array("}".utf8)
      var slots = [UInt64](repeating: 0, count: 300)
      slots.withUnsafeMutableBytes { room in
        cut.withUnsafeBytes { bytes in
          guard let base = room.baseAddress else { return }
          #expect(
            JSONNumbers.read(bytes, at: 0, as: .float64, allowsNull: true, into: base, capacity: 300) == nil)
        }
      }
    }
  }

  @Test func `more numbers than there is room for are refused`() {
    let body = Array(("[" + String(repeating: "1.5, ", count: 400) + "2]}").utf8)
    var slots = [UInt64](repeating: 7, count: 410)
    slots.withUnsafeMutableBytes { room in
      body.withUnsafeBytes { bytes in
        guard let base = room.baseAddress else { return }
        for capacity in [0, 1, 7, 399, 400] {
          #expect(
            JSONNumbers.read(bytes, at: 0, as: .float64, allowsNull: false, into: base, capacity: capacity)
              == nil)
        }
        #expect(
          JSONNumbers.read(bytes, at: 0, as: .float64, allowsNull: false, into: base, capacity: 401) != nil)
      }
    }
    #expect(slots[401...].allSatisfy { $0 == 7 })
  }
}

extension String {
  fileprivate func replacingFirst(_ part: String, by other: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
  }
}
