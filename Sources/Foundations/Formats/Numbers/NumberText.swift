internal import CShims

/// Numbers as JSON text in somebody else's memory, without allocating.
public enum NumberText {
  /// No number's text is longer.
  public static let longest = 32

  /// - Parameter place: room for `longest` bytes.
  /// - Returns: how many were written.
  public static func write(_ value: Int64, to place: UnsafeMutablePointer<UInt8>) -> Int {
    if value >= 0 { return write(value.magnitude, to: place) }
    place[0] = UInt8(ascii: "-")
    return 1 &+ write(value.magnitude, to: place + 1)
  }

  /// - Parameter place: room for `longest` bytes.
  /// - Returns: how many were written.
  public static func write(_ value: UInt64, to place: UnsafeMutablePointer<UInt8>) -> Int {
    var length = 1
    var rest = value
    while rest >= 10 {
      rest /= 10
      length &+= 1
    }
    rest = value
    var index = length
    repeat {
      index &-= 1
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      place[index] = 48 &+ UInt8(truncatingIfNeeded: digit)
      rest = quotient
    } while index > 0
    return length
  }

  /// The shortest text that reads back as the same double, in Python's form: exponents from 1e16 and below
  /// 1e-4. NaN and infinities have no JSON form; `null` stands for them.
  /// - Parameter place: room for `longest` bytes.
  /// - Returns: how many were written.
  public static func write(_ value: Double, to place: UnsafeMutablePointer<UInt8>) -> Int {
    let count = apus_write_double(value, place)
    if count > 0 { return count }
    guard value.isFinite else {
      place[0] = UInt8(ascii: "n")
      place[1] = UInt8(ascii: "u")
      place[2] = UInt8(ascii: "l")
      place[3] = UInt8(ascii: "l")
      return 4
    }
    // From 2⁵³ on Swift writes exponents; every double there is an integer.
    if value.magnitude >= 9_007_199_254_740_992, value.magnitude < 1e16, let whole = Int64(exactly: value) {
      let count = write(whole, to: place)
      place[count] = UInt8(ascii: ".")
      place[count &+ 1] = UInt8(ascii: "0")
      return count &+ 2
    }
    var text = PlacedText(place: place)
    value.write(to: &text)
    return text.count
  }
}

/// Takes what the standard library writes. It writes numbers by `_writeASCII`, which needs no String.
private struct PlacedText: TextOutputStream {
  let place: UnsafeMutablePointer<UInt8>
  var count = 0

  mutating func write(_ string: String) {
    for byte in string.utf8 where count < NumberText.longest {
      place[count] = byte
      count &+= 1
    }
  }

  mutating func _writeASCII(_ buffer: UnsafeBufferPointer<UInt8>) {
    guard let start = buffer.baseAddress else { return }
    let length = min(buffer.count, NumberText.longest &- count)
    (place + count).update(from: start, count: length)
    count &+= length
  }
}
