internal import Basics

/// An array of numbers where it lies in a model file. It is read only when somebody asks for it, straight
/// into the type that is wanted: most of a model's arrays are statistics of its training, which nobody asks
/// for.
struct NumberList: Sendable {
  enum Encoding: Sendable {
    /// The text between the brackets; the byte after it is the closing one.
    case json
    /// Big-endian numbers of one type.
    case ubjson(UInt8)
  }

  let source: Bytes
  let range: Range<Int>
  let encoding: Encoding

  /// Nil where something in it is no number.
  var doubles: [Double]? { doubles(expecting: 0) }

  /// - Parameter count: how many there probably are.
  func doubles(expecting count: Int) -> [Double]? {
    switch encoding {
    case .json: json(count) { $0.double() }
    case .ubjson(let type): ubjson(type) { $0 }
    }
  }

  func floats(expecting count: Int) -> [Float]? {
    switch encoding {
    case .json: return json(count) { $0.float() }
    case .ubjson(UInt8(ascii: "d")): return bigEndian(UInt32.self) { Float(bitPattern: $0) }
    case .ubjson(let type): return ubjson(type) { Float($0) }
    }
  }

  /// Nil where something in it is no integer of 32 bits.
  func integers(expecting count: Int) -> [Int32]? {
    switch encoding {
    case .json: return json(count) { $0.integer() }
    case .ubjson(UInt8(ascii: "l")): return bigEndian(Int32.self) { $0 }
    case .ubjson(let type): return ubjson(type) { Int32(exactly: $0) }
    }
  }

  /// 1 is true.
  func flags(expecting count: Int) -> [Bool]? {
    switch encoding {
    case .json: return json(count) { $0.flag() }
    case .ubjson(UInt8(ascii: "U")), .ubjson(UInt8(ascii: "i")):
      return bigEndian(UInt8.self) { $0 == 1 }
    case .ubjson(let type): return ubjson(type) { $0 == 1 }
    }
  }

  // MARK: JSON

  @inline(__always)
  private func json<Element>(
    _ expected: Int, _ one: (inout NumberListScanner) -> Element?
  ) -> [Element]? {
    source.withUnsafeBufferPointer { buffer -> [Element]? in
      var scanner = NumberListScanner(bytes: buffer, offset: range.lowerBound)
      var elements: [Element] = []
      // Every number takes a digit and a comma.
      elements.reserveCapacity(min(max(expected, 0), range.count / 2 + 1))
      while true {
        guard let element = one(&scanner) else { return nil }
        elements.append(element)
        guard scanner.takeComma() else { break }
      }
      return scanner.offset == range.upperBound ? elements : nil
    }
  }

  // MARK: UBJSON

  @inline(__always)
  private func bigEndian<Stored: FixedWidthInteger, Element>(
    _: Stored.Type, _ convert: (Stored) -> Element
  ) -> [Element] {
    source.withUnsafeBytes { bytes in
      let size = MemoryLayout<Stored>.size
      return [Element](unsafeUninitializedCapacity: range.count / size) { elements, count in
        while count < elements.count {
          let stored = bytes.loadUnaligned(
            fromByteOffset: range.lowerBound &+ count &* size, as: Stored.self)
          elements.initializeElement(at: count, to: convert(Stored(bigEndian: stored)))
          count &+= 1
        }
      }
    }
  }

  private func ubjson<Element>(_ type: UInt8, _ convert: (Double) -> Element?) -> [Element]? {
    let values: [Double]
    switch type {
    case UInt8(ascii: "i"): values = bigEndian(Int8.self) { Double($0) }
    case UInt8(ascii: "U"): values = bigEndian(UInt8.self) { Double($0) }
    case UInt8(ascii: "I"): values = bigEndian(Int16.self) { Double($0) }
    case UInt8(ascii: "l"): values = bigEndian(Int32.self) { Double($0) }
    case UInt8(ascii: "L"): values = bigEndian(Int64.self) { Double($0) }
    case UInt8(ascii: "d"): values = bigEndian(UInt32.self) { Double(Float(bitPattern: $0)) }
    case UInt8(ascii: "D"): values = bigEndian(UInt64.self) { Double(bitPattern: $0) }
    default: return nil
    }
    var elements: [Element] = []
    elements.reserveCapacity(values.count)
    for value in values {
      guard let element = convert(value) else { return nil }
      elements.append(element)
    }
    return elements
  }
}
