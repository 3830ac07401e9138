import Formats
import Testing

@Suite struct NumberTextTests {
  private func text(_ write: (UnsafeMutablePointer<UInt8>) -> Int) -> String {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.longest) { room in
      guard let place = room.baseAddress else { return "" }
      return String(decoding: room.prefix(write(place)), as: UTF8.self)
    }
  }

  @Test func `integers are written like the standard library writes them`() {
    for value in [0, 1, -1, 9, 10, 99, 100, -12_345, Int64.max, Int64.min] {
      #expect(text { NumberText.write(value, to: $0) } == "\(value)")
    }
    for _ in 0..<5000 {
      let value = Int64.random(in: .min ... .max) >> Int64.random(in: 0...63)
      #expect(text { NumberText.write(value, to: $0) } == "\(value)")
      let natural = UInt64.random(in: 0...UInt64.max) >> UInt64.random(in: 0...63)
      #expect(text { NumberText.write(natural, to: $0) } == "\(natural)")
    }
  }

  @Test func `doubles have their shortest text`() {
    for _ in 0..<10_000 {
      let value = Double(bitPattern: UInt64.random(in: 0...UInt64.max))
      guard value.isFinite else { continue }
      if value.magnitude >= 9_007_199_254_740_992, value.magnitude < 1e16 { continue }
      #expect(text { NumberText.write(value, to: $0) } == value.description)
    }
    #expect(text { NumberText.write(-1.7976931348623157e308, to: $0) } == "-1.7976931348623157e+308")
    #expect(text { NumberText.write(9_007_199_254_740_994.0, to: $0) } == "9007199254740994.0")
    #expect(text { NumberText.write(-0.0, to: $0) } == "-0.0")
    #expect(text { NumberText.write(Double.nan, to: $0) } == "null")
    #expect(text { NumberText.write(Double.infinity, to: $0) } == "null")
  }
}
