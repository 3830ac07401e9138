/// Character classes of RFC 9110 as bit sets of the ASCII range, and comparisons on raw bytes.
enum HTTPCharacters {
  static let carriageReturn: UInt8 = 13
  static let lineFeed: UInt8 = 10
  static let space: UInt8 = 32
  static let tab: UInt8 = 9

  /// `tchar`: what methods and field names are made of.
  @inline(__always)
  static func isToken(_ byte: UInt8) -> Bool {
    isMember(byte, 0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE)
  }

  /// What a host with a port is made of (RFC 3986 §3.2, without user information).
  @inline(__always)
  static func isHost(_ byte: UInt8) -> Bool {
    isMember(byte, 0x2FFF_7FF2_0000_0000, 0x47FF_FFFE_AFFF_FFFE)
  }

  /// Field values: everything but control characters; a tab is allowed.
  @inline(__always)
  static func isFieldValue(_ byte: UInt8) -> Bool { (byte >= 32 && byte != 127) || byte == tab }

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

  /// Whether a host made of `isHost` bytes has no port, an empty one, or one up to 65535 after its only colon
  /// outside brackets.
  static func hasValidPort(_ bytes: UnsafeRawBufferPointer, _ host: Range<Int>) -> Bool {
    var index = host.lowerBound
    if index < host.upperBound, bytes[index] == UInt8(ascii: "[") {
      while index < host.upperBound, bytes[index] != UInt8(ascii: "]") { index &+= 1 }
      guard index < host.upperBound else { return false }
      index &+= 1
      if index < host.upperBound, bytes[index] != UInt8(ascii: ":") { return false }
    }
    while index < host.upperBound, bytes[index] != UInt8(ascii: ":") { index &+= 1 }
    var port = 0
    for position in index..<host.upperBound where position > index {
      guard isDigit(bytes[position]) else { return false }
      port = port &* 10 &+ Int(bytes[position] &- 48)
      if port > 65_535 { return false }
    }
    return true
  }

  @inline(__always)
  private static func isMember(_ byte: UInt8, _ low: UInt64, _ high: UInt64) -> Bool {
    guard byte < 128 else { return false }
    let half = byte < 64 ? low : high
    return half &>> UInt64(byte & 63) & 1 == 1
  }

  /// Whether the bytes spell `text`, which must be lower case, in any case.
  @inline(__always)
  static func equal(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ text: StaticString) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    let expected = text.utf8Start
    for index in 0..<range.count {
      var byte = bytes[range.lowerBound &+ index]
      if byte >= 65 && byte <= 90 { byte |= 0x20 }
      if byte != expected[index] { return false }
    }
    return true
  }

  /// Without the spaces and tabs at both ends.
  @inline(__always)
  static func trimmed(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    var end = range.upperBound
    while start < end, bytes[start] == space || bytes[start] == tab { start &+= 1 }
    while end > start, bytes[end &- 1] == space || bytes[end &- 1] == tab { end &-= 1 }
    return start..<end
  }

  /// Calls `body` for every non-empty element of a comma-separated list.
  static func forEachElement(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ body: (Range<Int>) -> Void
  ) {
    var start = range.lowerBound
    while start <= range.upperBound {
      var end = start
      while end < range.upperBound, bytes[end] != UInt8(ascii: ",") { end &+= 1 }
      let element = trimmed(bytes, start..<end)
      if !element.isEmpty { body(element) }
      start = end &+ 1
    }
  }

  static func string(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
    String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
  }
}
