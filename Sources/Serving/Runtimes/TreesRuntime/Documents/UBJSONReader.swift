internal import Basics

/// Reads the Universal Binary JSON (draft 12) that XGBoost writes: numbers big-endian, arrays plain, counted
/// or of one type.
struct UBJSONReader {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  /// The document borrows the bytes.
  static func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(ModelFileError) -> ModelDocument {
    var reader = UBJSONReader(bytes: UnsafeRawBufferPointer(bytes))
    return try reader.value(try reader.marker(), depth: 0)
  }

  private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private func corrupt(_ reason: String) -> ModelFileError { .corrupt(offset: offset, reason) }

  private mutating func marker() throws(ModelFileError) -> UInt8 {
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      // 'N' is a no-op between values.
      if byte != UInt8(ascii: "N") { return byte }
    }
    throw corrupt("it ends in the middle")
  }

  private mutating func load<Integer: FixedWidthInteger>(_: Integer.Type) throws(ModelFileError) -> Integer {
    let size = MemoryLayout<Integer>.size
    guard bytes.count - offset >= size else { throw corrupt("it ends in the middle") }
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self)
    offset += size
    return Integer(bigEndian: value)
  }

  private mutating func integer(_ marker: UInt8) throws(ModelFileError) -> Int64 {
    switch marker {
    case UInt8(ascii: "i"): Int64(try load(Int8.self))
    case UInt8(ascii: "U"): Int64(try load(UInt8.self))
    case UInt8(ascii: "I"): Int64(try load(Int16.self))
    case UInt8(ascii: "l"): Int64(try load(Int32.self))
    case UInt8(ascii: "L"): try load(Int64.self)
    default: throw corrupt("a length is missing")
    }
  }

  /// A length that the rest of the file can hold, at `size` bytes each.
  private mutating func length(size: Int = 1) throws(ModelFileError) -> Int {
    let length = try integer(try marker())
    guard length >= 0, length <= Int64((bytes.count - offset) / max(size, 1)) else {
      throw corrupt("a length of \(length) is more than the file holds")
    }
    return Int(length)
  }

  private mutating func string() throws(ModelFileError) -> String {
    let count = try length()
    let text = String(validUTF8: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]))
    guard let text else { throw corrupt("a text is not valid UTF-8") }
    offset += count
    return text
  }

  private mutating func value(_ marker: UInt8, depth: Int) throws(ModelFileError) -> ModelDocument {
    guard depth <= ModelDocument.maximumDepth else { throw corrupt("it is nested too deeply") }
    switch marker {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "S"), UInt8(ascii: "H"): return .string(try string())
    case UInt8(ascii: "C"): return .string(String(UnicodeScalar(try load(UInt8.self))))
    case UInt8(ascii: "T"): return .boolean(true)
    case UInt8(ascii: "F"): return .boolean(false)
    case UInt8(ascii: "Z"): return .null
    default:
      guard let number = try number(marker) else { throw corrupt("byte \(marker) begins no value") }
      return .number(number)
    }
  }

  private mutating func number(_ marker: UInt8) throws(ModelFileError) -> Double? {
    switch marker {
    case UInt8(ascii: "d"): Double(Float(bitPattern: try load(UInt32.self)))
    case UInt8(ascii: "D"): Double(bitPattern: try load(UInt64.self))
    case UInt8(ascii: "i"), UInt8(ascii: "U"), UInt8(ascii: "I"), UInt8(ascii: "l"), UInt8(ascii: "L"):
      Double(try integer(marker))
    default: nil
    }
  }

  private mutating func object(depth: Int) throws(ModelFileError) -> ModelDocument {
    var members: [ModelDocument.Member] = []
    // As many as XGBoost's trees have.
    members.reserveCapacity(16)
    while true {
      guard offset < bytes.count else { throw corrupt("an object is not closed") }
      if bytes[offset] == UInt8(ascii: "}") {
        offset += 1
        return .object(members)
      }
      let key = try string()
      members.append(.init(key: key, value: try value(try marker(), depth: depth + 1)))
    }
  }

  private mutating func array(depth: Int) throws(ModelFileError) -> ModelDocument {
    guard offset < bytes.count else { throw corrupt("an array is not closed") }
    if bytes[offset] == UInt8(ascii: "$") {
      offset += 1
      let type = try marker()
      guard let size = UBJSONReader.sizes[type], try marker() == UInt8(ascii: "#") else {
        throw corrupt("an array has no known type or no length")
      }
      let count = try length(size: size)
      defer { offset += count * size }
      let numbers = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count * size)])
      return .numbers(NumberList(bytes: numbers.bindMemory(to: UInt8.self), encoding: .ubjson(type)))
    }
    if bytes[offset] == UInt8(ascii: "#") {
      offset += 1
      let count = try length()
      var values: [ModelDocument] = []
      for _ in 0..<count { values.append(try value(try marker(), depth: depth + 1)) }
      return .array(values)
    }
    var values: [ModelDocument] = []
    while true {
      let next = try marker()
      if next == UInt8(ascii: "]") { return .array(values) }
      values.append(try value(next, depth: depth + 1))
    }
  }

  static let sizes: [UInt8: Int] = [
    UInt8(ascii: "i"): 1, UInt8(ascii: "U"): 1, UInt8(ascii: "I"): 2, UInt8(ascii: "l"): 4,
    UInt8(ascii: "L"): 8, UInt8(ascii: "d"): 4, UInt8(ascii: "D"): 8,
  ]
}
