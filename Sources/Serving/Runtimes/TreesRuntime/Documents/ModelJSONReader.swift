internal import Basics
internal import CShims

/// Reads the JSON that XGBoost writes: RFC 8259 and the numbers NaN, Infinity and -Infinity.
struct ModelJSONReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var offset = 0
  private var keys = DocumentKeys()
  /// Of the objects that are open, so that a complete one gets memory of its size.
  private var openMembers: [ModelDocument.Member] = []

  /// The document borrows the bytes.
  static func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(ModelFileError) -> ModelDocument {
    var reader = ModelJSONReader(bytes: bytes)
    let document = try reader.value(depth: 0)
    reader.skipSpace()
    // Some writers end the file with a zero byte.
    while reader.offset < bytes.count, bytes[reader.offset] == 0 { reader.offset += 1 }
    if reader.offset < bytes.count { throw reader.corrupt("there is more after the document") }
    return document
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private func corrupt(_ reason: String) -> ModelFileError { .corrupt(offset: offset, reason) }

  private mutating func skipSpace() {
    while offset < bytes.count, bytes[offset] <= 0x20,
      bytes[offset] == 0x20 || bytes[offset] == 0x0A || bytes[offset] == 0x0D || bytes[offset] == 0x09
    {
      offset += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard offset < bytes.count, bytes[offset] == byte else { return false }
    offset += 1
    return true
  }

  private mutating func value(depth: Int) throws(ModelFileError) -> ModelDocument {
    guard depth <= ModelDocument.maximumDepth else { throw corrupt("it is nested too deeply") }
    skipSpace()
    guard offset < bytes.count else { throw corrupt("it ends in the middle") }
    switch bytes[offset] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .boolean(true))
    case UInt8(ascii: "f"): return try literal("false", .boolean(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func literal(
    _ text: StaticString, _ value: ModelDocument
  ) throws(ModelFileError) -> ModelDocument {
    guard matches(text) else { throw corrupt("'\(text)' is misspelt") }
    return value
  }

  private mutating func matches(_ text: StaticString) -> Bool {
    ModelJSONReader.matches(text, bytes, &offset)
  }

  private static func matches(
    _ text: StaticString, _ bytes: UnsafeBufferPointer<UInt8>, _ offset: inout Int
  ) -> Bool {
    let length = text.utf8CodeUnitCount
    guard bytes.count - offset >= length else { return false }
    for index in 0..<length where bytes[offset + index] != text.utf8Start[index] { return false }
    offset += length
    return true
  }

  private mutating func object(depth: Int) throws(ModelFileError) -> ModelDocument {
    offset += 1
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object([]) }
    let first = openMembers.count
    while true {
      skipSpace()
      guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
        throw corrupt("a key is missing")
      }
      let key = try key()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw corrupt("':' is missing after the key '\(key)'") }
      let value = try value(depth: depth + 1)
      openMembers.append(.init(key: key, value: value))
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "}")) else { throw corrupt("an object is not closed") }
      let members = Array(openMembers[first...])
      openMembers.removeLast(members.count)
      return .object(members)
    }
  }

  /// Keys come again and again: their texts are made once.
  private mutating func key() throws(ModelFileError) -> String {
    let start = offset + 1
    var end = start
    while end < bytes.count, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\") { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return try string() }
    if let known = keys.find(bytes, start, end) {
      offset = end + 1
      return known
    }
    let text = try string()
    keys.insert(text, bytes, start, end)
    return text
  }

  /// Numbers stay unread where they lie.
  private mutating func array(depth: Int) throws(ModelFileError) -> ModelDocument {
    offset += 1
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array([]) }
    if let list = numbers() { return .numbers(list) }
    var values: [ModelDocument] = []
    while true {
      values.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "]")) else { throw corrupt("an array is not closed") }
      return .array(values)
    }
  }

  /// Nil where the array holds anything else.
  private mutating func numbers() -> NumberList? {
    guard offset < bytes.count, isNumberStart(bytes[offset]), let base = bytes.baseAddress else { return nil }
    let end = offset + apus_list_end(base + offset, bytes.count - offset)
    guard end < bytes.count, bytes[end] == UInt8(ascii: "]") else { return nil }
    defer { offset = end + 1 }
    return NumberList(bytes: UnsafeBufferPointer(rebasing: bytes[offset..<end]), encoding: .json)
  }

  private func isNumberStart(_ byte: UInt8) -> Bool {
    byte &- 48 < 10 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "N") || byte == UInt8(ascii: "I")
  }

  private mutating func string() throws(ModelFileError) -> String {
    offset += 1
    let start = offset
    var escaped: Bytes?
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if byte == UInt8(ascii: "\"") {
        let text =
          escaped.map { String(validUTF8: $0) }
          ?? String(
            validUTF8: UnsafeBufferPointer(rebasing: bytes[start..<(offset - 1)]))
        guard let text else { throw corrupt("a text is not valid UTF-8") }
        return text
      }
      if byte != UInt8(ascii: "\\") {
        escaped?.append(byte)
        continue
      }
      if escaped == nil { escaped = Bytes(bytes[start..<(offset - 1)]) }
      guard offset < bytes.count else { break }
      let code = bytes[offset]
      offset += 1
      switch code {
      case UInt8(ascii: "n"): escaped?.append(0x0A)
      case UInt8(ascii: "t"): escaped?.append(0x09)
      case UInt8(ascii: "r"): escaped?.append(0x0D)
      case UInt8(ascii: "b"): escaped?.append(0x08)
      case UInt8(ascii: "f"): escaped?.append(0x0C)
      case UInt8(ascii: "u"): escaped?.append(contentsOf: try unicode())
      default: escaped?.append(code)
      }
    }
    throw corrupt("a text is not closed")
  }

  private mutating func unicode() throws(ModelFileError) -> Bytes {
    var unit = try hexadecimal()
    if (0xD800...0xDBFF).contains(unit), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
      let low = try hexadecimal()
      guard (0xDC00...0xDFFF).contains(low) else { throw corrupt("a surrogate has no partner") }
      unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(unit) else { throw corrupt("\\u\(unit) is no character") }
    return Bytes(String(Character(scalar)).utf8)
  }

  private mutating func hexadecimal() throws(ModelFileError) -> UInt32 {
    guard bytes.count - offset >= 4,
      let value = UInt32(String(decoding: bytes[offset..<(offset + 4)], as: UTF8.self), radix: 16)
    else { throw corrupt("\\u needs four hexadecimal digits") }
    offset += 4
    return value
  }

  private mutating func number() throws(ModelFileError) -> Double {
    guard let value = ModelJSONReader.number(bytes, &offset) else {
      throw corrupt("a value is missing or no number")
    }
    return value
  }

  /// Takes a number; nil where there is none.
  static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ offset: inout Int) -> Double? {
    let start = offset
    if matches("NaN", bytes, &offset) { return .nan }
    let isNegative = offset < bytes.count && bytes[offset] == UInt8(ascii: "-")
    if isNegative { offset += 1 }
    if matches("Infinity", bytes, &offset) { return isNegative ? -.infinity : .infinity }
    guard let digits = DecimalScanner.scan(bytes, from: &offset) else { return nil }
    if let exact = digits.exact { return isNegative ? -exact : exact }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    guard let value = Double(text) else { return nil }
    // Where the nearest double lies midway between two float32, rounding twice could err: the text decides.
    if value.bitPattern & 0x1FFF_FFFF == 0x1000_0000, let float = Float(text), !digits.isInteger {
      return Double(float)
    }
    return value
  }
}
