internal import Testing
@testable internal import TreesRuntime

@Suite("Lists of numbers in model files")
struct NumberListTests {
  /// Runs `body` with the list between the brackets of a text.
  private static func with<Result>(_ numbers: [String], _ body: (NumberList) -> Result) -> Result {
    let text = Array(("[" + numbers.joined(separator: ",") + "]").utf8)
    return text.withUnsafeBufferPointer { bytes in
      body(NumberList(bytes: UnsafeBufferPointer(rebasing: bytes[1..<(bytes.count - 1)]), encoding: .json))
    }
  }

  /// As XGBoost writes numbers: one digit, a fraction, an exponent.
  private static func scientific(_ value: Float) -> String {
    let digits = "\(value.magnitude)"
    guard value.isFinite, !digits.contains("e") else { return "\(value)" }
    var plain = Array(digits.filter { $0 != "." })
    var exponent = (digits.split(separator: ".").first?.count ?? 1) - 1
    while plain.count > 1, plain.first == "0" {
      plain.removeFirst()
      exponent -= 1
    }
    while plain.count > 1, plain.last == "0" { plain.removeLast() }
    let fraction = plain.count > 1 ? "." + String(plain.dropFirst()) : ""
    return (value.sign == .minus ? "-" : "") + String(plain[0]) + fraction
      + "E\(plain == ["0"] ? 0 : exponent)"
  }

  @Test("Each float32 is the one that its text is nearest to, whatever stands before it")
  func floats() {
    var random = SystemRandomNumberGenerator()
    for count in Array(1...40) + [1000] {
      let values = (0..<count).map { _ -> Float in
        switch Int.random(in: 0..<4, using: &random) {
        case 0: Float(bitPattern: UInt32.random(in: 0...(.max), using: &random))
        case 1: Float(Int.random(in: -9...9, using: &random))
        default: Float.random(in: -2...2, using: &random)
        }
      }.filter(\.isFinite)
      guard !values.isEmpty else { continue }
      let texts = values.map(Self.scientific)
      let read = Self.with(texts) { $0.floats(expecting: values.count) }
      #expect(read?.map(\.bitPattern) == values.map(\.bitPattern), "\(texts)")
    }
  }

  @Test("Any digits and exponents round as the text says", arguments: 0..<20)
  func roundings(_: Int) {
    let texts = (0..<500).map { _ -> String in
      let digits = (0..<Int.random(in: 1...12)).map { _ in "\(Int.random(in: 0...9))" }.joined()
      let fraction = Bool.random() ? ".\(digits)" : ""
      let sign = Bool.random() ? "-" : ""
      return "\(sign)\(Int.random(in: 0...9))\(fraction)\(["E", "e"].randomElement() ?? "E")"
        + "\(["", "-", "+"].randomElement() ?? "")\(Int.random(in: 0...45))"
    }
    let read = Self.with(texts) { $0.floats(expecting: texts.count) }
    #expect(read?.map(\.bitPattern) == texts.map { Float($0)?.bitPattern })
  }

  @Test("Integers of any length, wherever they stand")
  func integers() {
    for count in Array(1...70) + [997] {
      let values = (0..<count).map { _ in
        let width = [1, 10, 100, 1000, 100_000, 10_000_000, 1_000_000_000].randomElement() ?? 1
        return Int32.random(in: -1...1) &* Int32.random(in: 0..<Int32(width))
      }
      #expect(Self.with(values.map(String.init)) { $0.integers(expecting: count) } == values)
      #expect(Self.with(values.map { " \($0) " }) { $0.integers(expecting: count) } == values)
      // With a point they are float32, which holds integers to 2^24.
      let short = values.map { $0 % (1 << 24) }
      #expect(Self.with(short.map { "\($0).0" }) { $0.integers(expecting: count) } == short)
      // Fewer or more were expected.
      #expect(Self.with(values.map(String.init)) { $0.integers(expecting: count / 2) } == values)
      #expect(Self.with(values.map(String.init)) { $0.integers(expecting: count * 2) } == values)
    }
  }

  @Test("Flags are 1 or not")
  func flags() {
    #expect(
      Self.with(["1", "0", " 1", "0.0", "1E0", "7"]) { $0.flags(expecting: 6) } == [
        true, false, true, false, true, false,
      ])
  }

  @Test(
    "What is no list of numbers is nil",
    arguments: [
      "", ",", "1,", ",1", "1,,2", "1 2", "-", "--1", "1-", "x", "1,x", "1E", "1E0E", "E1", ".", "1E-",
    ])
  func malformed(text: String) {
    for prefix in ["", "1.5E0,2E-1,", String(repeating: "123456,", count: 40)] {
      #expect(Self.with([prefix + text]) { $0.floats(expecting: 3) } == nil, "\(prefix)\(text)")
      #expect(Self.with([prefix + text]) { $0.integers(expecting: 3) } == nil, "\(prefix)\(text)")
    }
  }
}
