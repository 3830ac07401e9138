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

  @Test func `doubles of everyday sizes have their shortest text, and nothing is written beyond the room`() {
    var values: [Double] = [
      0.0001, 0.00010000000000000002, 0.00009999999999999999, 1e15, 999_999_999_999_999.9, 0.1, 0.3, 0.5, 100,
      99_999, 123_456_789_012_345.6, 0.125, 1e14, 0,
    ]
    for exponent in -14...49 {
      let power = Double(sign: .plus, exponent: exponent, significand: 1)
      values += [power, power.nextUp, power.nextDown]
    }
    for _ in 0..<5000 {
      values.append(Double(Float.random(in: -100...100)))
      values.append(Double(Float.random(in: 0...1)))
      values.append(Double.random(in: -1e6...1e6))
      values.append(Double(Int.random(in: -999_999...999_999)) / 1000)
      values.append(Double(Int64.random(in: -999_999_999_999_999...999_999_999_999_999)))
    }
    for value in values {
      let room = [UInt8](unsafeUninitializedCapacity: NumberText.longest + 8) { buffer, count in
        buffer.initialize(repeating: 0xEE)
        count = buffer.count
        if let base = buffer.baseAddress { _ = NumberText.write(-value, to: base) }
      }
      #expect(room.suffix(8).allSatisfy { $0 == 0xEE })
      #expect(text { NumberText.write(value, to: $0) } == value.description)
      #expect(text { NumberText.write(-value, to: $0) } == (-value).description)
    }
  }
}
