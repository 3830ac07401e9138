/// A strict pull scanner over JSON text (RFC 8259): no copies, no allocation unless a string is asked for.
///
/// It borrows the bytes: they must outlive it. Structure is the caller's: `next` gives one value's start,
/// `takeSeparator` moves on inside an array or object. Both the tree reader and the inference codecs stand on
/// it.
public struct JSONScanner {
  public enum Token: Sendable { case null, bool(Bool), number, string, beginArray, beginObject }
  public enum Container: Sendable { case array, object }

  @usableFromInline let bytes: UnsafeRawBufferPointer
  /// The next byte to look at.
  public private(set) var offset = 0
  /// Where the last number or string lies, without quotes.
  private var tokenStart = 0
  private var tokenEnd = 0
  private var stringHasEscapes = false

  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  // MARK: values

  /// The start of the next value; numbers and strings are taken whole.
  public mutating func next() throws(JSONError) -> Token {
    skipWhitespace()
    guard offset < bytes.count else { throw error(.unexpectedEnd, "a value is missing") }
    switch bytes[offset] {
    case UInt8(ascii: "\""):
      try scanString()
      return .string
    case UInt8(ascii: "{"):
      offset += 1
      return .beginObject
    case UInt8(ascii: "["):
      offset += 1
      return .beginArray
    case UInt8(ascii: "t"):
      try literal("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try literal("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try literal("null")
      return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      try scanNumber()
      return .number
    default:
      throw error(.unexpectedCharacter, "a value cannot begin with \(describeByte())")
    }
  }

  /// The key of the next member and its colon.
  public mutating func key() throws(JSONError) -> String {
    try keyBytes()
    return try stringValue()
  }

  /// As `key`, leaving the key in `tokenBytes` (escapes unresolved).
  public mutating func keyBytes() throws(JSONError) {
    skipWhitespace()
    guard offset < bytes.count else { throw error(.unexpectedEnd, "the object is not closed") }
    guard bytes[offset] == UInt8(ascii: "\"") else {
      throw error(.unexpectedCharacter, "a key must be a string, not \(describeByte())")
    }
    try scanString()
    skipWhitespace()
    guard offset < bytes.count else { throw error(.unexpectedEnd, "a ':' is missing after the key") }
    guard bytes[offset] == UInt8(ascii: ":") else {
      throw error(.unexpectedCharacter, "':' is missing after the key, found \(describeByte())")
    }
    offset += 1
  }

  /// Right after the begin of a container: takes its end if it is empty.
  public mutating func takeEnd(of container: Container) -> Bool {
    skipWhitespace()
    guard offset < bytes.count, bytes[offset] == closing(container) else { return false }
    offset += 1
    return true
  }

  /// After an element: true after a comma, false after the container's end.
  public mutating func takeSeparator(endingWith container: Container) throws(JSONError) -> Bool {
    skipWhitespace()
    guard offset < bytes.count else { throw error(.unexpectedEnd, "the \(container) is not closed") }
    let byte = bytes[offset]
    if byte == UInt8(ascii: ",") {
      offset += 1
      return true
    }
    guard byte == closing(container) else {
      throw error(
        .unexpectedCharacter, "',' or the end of the \(container) is missing, found \(describeByte())")
    }
    offset += 1
    return false
  }

  /// Takes one whole value without building anything.
  /// - Parameter depth: how many containers may be nested inside it.
  public mutating func skipValue(depth: Int = 128) throws(JSONError) {
    var open: [Container] = []
    while true {
      switch try next() {
      case .beginArray:
        if !takeEnd(of: .array) { open.append(.array); try checkOpen(open.count, depth); continue }
      case .beginObject:
        if !takeEnd(of: .object) {
          open.append(.object)
          try checkOpen(open.count, depth)
          try keyBytes()
          continue
        }
      default: break
      }
      while let container = open.last {
        if try takeSeparator(endingWith: container) {
          if container == .object { try keyBytes() }
          break
        }
        open.removeLast()
      }
      if open.isEmpty { return }
    }
  }

  /// Goes on behind a value that was read by other means.
  /// - Parameter position: in the text, not before `offset`.
  public mutating func move(to position: Int) { offset = min(max(offset, position), bytes.count) }

  public mutating func expectEnd() throws(JSONError) {
    skipWhitespace()
    if offset < bytes.count { throw error(.trailingContent, "there is more text after the value") }
  }

  /// Goes on behind a value that somebody else has read, such as `JSONNumbers`.
  /// - Parameter offset: right after that value.
  public mutating func resume(at offset: Int) {
    if offset >= self.offset && offset <= bytes.count { self.offset = offset }
  }

  /// Where the next token begins; the text's end where there is none.
  public mutating func peekOffset() -> Int {
    skipWhitespace()
    return offset
  }

  // MARK: the last token

  /// The bytes of the last number, or of the last string without its quotes and with escapes unresolved.
  public var tokenBytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[tokenStart..<tokenEnd])
  }
  public var tokenHasEscapes: Bool { stringHasEscapes }
  public var numberText: String { String(decoding: tokenBytes, as: UTF8.self) }

  /// The last string with its escapes resolved.
  public func stringValue() throws(JSONError) -> String {
    if !stringHasEscapes {
      guard let text = String(validating: tokenBytes, as: UTF8.self) else {
        throw JSONError(code: .badUTF8, message: "the string is not valid UTF-8", offset: tokenStart)
      }
      return text
    }
    return try JSONStringDecoder.decode(tokenBytes, startingAt: tokenStart)
  }

  public func error(_ code: JSONError.Code, _ message: String) -> JSONError {
    JSONError(code: code, message: message, offset: offset)
  }

  // MARK: scanning

  private mutating func scanString() throws(JSONError) {
    offset += 1
    tokenStart = offset
    stringHasEscapes = false
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\"") {
        tokenEnd = offset
        offset += 1
        return
      }
      if byte == UInt8(ascii: "\\") {
        stringHasEscapes = true
        offset += 2
        continue
      }
      if byte < 0x20 { throw error(.badString, "a control character must be escaped") }
      offset += 1
    }
    offset = bytes.count
    throw error(.unexpectedEnd, "the string is not closed")
  }

  private mutating func scanNumber() throws(JSONError) {
    tokenStart = offset
    if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
    guard let first = digit() else { throw error(.badNumber, "a digit is missing") }
    if first != UInt8(ascii: "0") {
      skipDigits()
    } else if digit() != nil {
      throw error(.badNumber, "a number must not begin with 0")
    }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      offset += 1
      guard digit() != nil else { throw error(.badNumber, "a digit is missing after the point") }
      skipDigits()
    }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      offset += 1
      if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") {
        offset += 1
      }
      guard digit() != nil else { throw error(.badNumber, "a digit is missing in the exponent") }
      skipDigits()
    }
    tokenEnd = offset
  }

  private mutating func digit() -> UInt8? {
    guard offset < bytes.count, bytes[offset] &- 48 < 10 else { return nil }
    offset += 1
    return bytes[offset - 1]
  }

  private mutating func skipDigits() {
    while offset < bytes.count, bytes[offset] &- 48 < 10 { offset += 1 }
  }

  private mutating func literal(_ text: StaticString) throws(JSONError) {
    let length = text.utf8CodeUnitCount
    guard offset + length <= bytes.count else { throw error(.unexpectedEnd, "\(text) is cut off") }
    for index in 0..<length where bytes[offset + index] != text.utf8Start[index] {
      throw error(.unexpectedCharacter, "\(text) is misspelt")
    }
    offset += length
  }

  private mutating func skipWhitespace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  private func checkOpen(_ count: Int, _ limit: Int) throws(JSONError) {
    if count > limit { throw error(.tooDeep, "nested deeper than \(limit) levels") }
  }

  private func closing(_ container: Container) -> UInt8 {
    container == .array ? UInt8(ascii: "]") : UInt8(ascii: "}")
  }

  private func describeByte() -> String {
    let byte = bytes[offset]
    return (0x21...0x7E).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "byte \(byte)"
  }
}
