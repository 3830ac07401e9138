internal import CShims

/// An array of numbers where it lies in a model file. It is read only when somebody asks for it, straight
/// into the type that is wanted: most of a model's arrays are statistics of its training, which nobody asks
/// for. Valid as long as the file's bytes are lent.
struct NumberList {
  enum Encoding {
    /// The text between the brackets; the byte after it is the closing one.
    case json
    /// Big-endian numbers of one type.
    case ubjson(UInt8)
  }

  let bytes: UnsafeBufferPointer<UInt8>
  let encoding: Encoding

  /// No list of these bytes has more numbers.
  var countLimit: Int {
    switch encoding {
    // Every number takes a digit and a comma.
    case .json: bytes.count / 2 + 1
    case .ubjson(let type): bytes.count / (UBJSONReader.sizes[type] ?? 1)
    }
  }

  /// Nil where something in it is no number.
  var doubles: [Double]? {
    switch encoding {
    case .json: json(0) { $0.double() }
    case .ubjson(let type): ubjson(type) { $0 }
    }
  }

  /// - Parameter count: how many there probably are.
  func floats(expecting count: Int) -> [Float]? {
    switch encoding {
    case .json: return json(count, apus_plain_floats) { $0.float() }
    case .ubjson(UInt8(ascii: "d")): return bigEndian(UInt32.self) { Float(bitPattern: $0) }
    case .ubjson(let type): return ubjson(type) { Float($0) }
    }
  }

  /// Nil where something in it is no integer of 32 bits.
  func integers(expecting count: Int) -> [Int32]? {
    switch encoding {
    case .json: return json(count, apus_plain_integers) { $0.integer() }
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

  /// Takes the numbers of the usual form from an offset on, and says how many they were.
  private typealias PlainReader<Element> = (
    _ text: UnsafePointer<UInt8>?, _ length: Int, _ offset: UnsafeMutablePointer<Int>?,
    _ values: UnsafeMutablePointer<Element>?, _ capacity: Int
  ) -> Int

  @inline(__always)
  private func json<Element>(
    _ expected: Int, _ plain: PlainReader<Element>? = nil, _ one: (inout NumberListScanner) -> Element?
  ) -> [Element]? {
    let most = countLimit
    if expected > 0, expected < most {
      let (elements, fits) = json(capacity: expected, plain, one)
      if fits { return elements }
    }
    return json(capacity: most, plain, one).elements
  }

  /// - Returns: no elements where something is no number, and false where there are more than `capacity`.
  @inline(__always)
  private func json<Element>(
    capacity: Int, _ plain: PlainReader<Element>?, _ one: (inout NumberListScanner) -> Element?
  ) -> (elements: [Element]?, fits: Bool) {
    let length = bytes.count
    // With the closing bracket.
    let text = UnsafeBufferPointer(start: bytes.baseAddress, count: length + 1)
    var isGood = true
    var fits = true
    let elements = [Element](unsafeUninitializedCapacity: capacity) { room, count in
      var offset = 0
      while true {
        if let plain, let target = room.baseAddress {
          count += plain(text.baseAddress, length, &offset, target + count, capacity - count)
          if offset > length { return }
        }
        guard count < capacity else {
          fits = false
          return
        }
        var scanner = NumberListScanner(bytes: text, offset: offset)
        guard let element = one(&scanner) else {
          isGood = false
          return
        }
        room.initializeElement(at: count, to: element)
        count += 1
        guard scanner.takeComma() else {
          isGood = scanner.offset == length
          return
        }
        offset = scanner.offset
      }
    }
    return (isGood ? elements : nil, fits)
  }

  // MARK: UBJSON

  @inline(__always)
  private func bigEndian<Stored: FixedWidthInteger, Element>(
    _: Stored.Type, _ convert: (Stored) -> Element
  ) -> [Element] {
    let raw = UnsafeRawBufferPointer(bytes)
    let size = MemoryLayout<Stored>.size
    let total = raw.count / size
    return [Element](unsafeUninitializedCapacity: total) { elements, count in
      while count < total {
        let stored = raw.loadUnaligned(fromByteOffset: count &* size, as: Stored.self)
        elements.initializeElement(at: count, to: convert(Stored(bigEndian: stored)))
        count &+= 1
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
