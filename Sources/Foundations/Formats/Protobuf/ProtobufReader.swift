/// A strict pull reader over one message in the protocol buffers' wire format
/// (https://protobuf.dev/programming-guides/encoding): no copies, no allocation. It borrows the bytes: they
/// must outlive it. A nested message is read by a reader of its own over `payload()`, so nesting is the
/// caller's.
public struct ProtobufReader {
  public enum WireType: UInt8, Sendable {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case startGroup = 3
    case endGroup = 4
    case fixed32 = 5
  }

  public struct Tag: Sendable, Hashable {
    public let number: Int
    public let wireType: WireType

    init(number: Int, wireType: WireType) {
      self.number = number
      self.wireType = wireType
    }
  }

  /// How deep unknown groups may be nested; known fields never are groups.
  private static let groupDepth = 32

  private let bytes: UnsafeRawBufferPointer
  /// The next byte to look at.
  public private(set) var offset = 0

  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  public var isAtEnd: Bool { offset >= bytes.count }

  /// The next field; nil at the message's end.
  public mutating func next() throws(ProtobufError) -> Tag? {
    guard offset < bytes.count else { return nil }
    let value = try varint()
    guard let wireType = WireType(rawValue: UInt8(truncatingIfNeeded: value & 7)),
      value >> 3 >= 1, value >> 3 < 1 << 29
    else { throw error(.badTag, "no field has the tag \(value)") }
    return Tag(number: Int(truncatingIfNeeded: value >> 3), wireType: wireType)
  }

  // MARK: values

  public mutating func varint() throws(ProtobufError) -> UInt64 {
    guard offset < bytes.count else { throw error(.truncated, "a number is missing") }
    let first = bytes[offset]
    offset &+= 1
    if first < 0x80 { return UInt64(first) }
    var value = UInt64(first & 0x7F)
    var shift: UInt64 = 7
    while offset < bytes.count {
      let byte = bytes[offset]
      offset &+= 1
      // The tenth byte has room for one bit.
      if shift == 63 && byte > 1 { throw error(.badVarint, "a number has more than 64 bits") }
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
      if shift > 63 { throw error(.badVarint, "a number has more than ten bytes") }
    }
    throw error(.truncated, "a number is cut off")
  }

  public mutating func fixed32() throws(ProtobufError) -> UInt32 {
    guard bytes.count &- offset >= 4 else { throw error(.truncated, "a 32-bit number is cut off") }
    defer { offset &+= 4 }
    return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  public mutating func fixed64() throws(ProtobufError) -> UInt64 {
    guard bytes.count &- offset >= 8 else { throw error(.truncated, "a 64-bit number is cut off") }
    defer { offset &+= 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The bytes of a text, a byte string, a nested message or packed numbers.
  public mutating func payload() throws(ProtobufError) -> UnsafeRawBufferPointer {
    let length = try varint()
    guard length <= UInt64(bytes.count &- offset) else {
      throw error(.truncated, "\(length) bytes are announced, \(bytes.count &- offset) are left")
    }
    let start = offset
    offset &+= Int(truncatingIfNeeded: length)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
  }

  /// Takes the value of a field that nobody knows.
  public mutating func skip(_ tag: Tag) throws(ProtobufError) {
    switch tag.wireType {
    case .varint: _ = try varint()
    case .fixed64: _ = try fixed64()
    case .fixed32: _ = try fixed32()
    case .lengthDelimited: _ = try payload()
    case .startGroup: try skipGroup(tag.number)
    case .endGroup: throw error(.badTag, "a group ends that did not begin")
    }
  }

  private mutating func skipGroup(_ number: Int) throws(ProtobufError) {
    var open = [number]
    while let last = open.last {
      guard let tag = try next() else { throw error(.truncated, "a group is not closed") }
      switch tag.wireType {
      case .startGroup:
        if open.count >= Self.groupDepth { throw error(.tooDeep, "groups are nested too deep") }
        open.append(tag.number)
      case .endGroup:
        guard tag.number == last else { throw error(.badTag, "a group ends that did not begin") }
        open.removeLast()
      default: try skip(tag)
      }
    }
  }

  public func error(_ code: ProtobufError.Code, _ message: String) -> ProtobufError {
    ProtobufError(code: code, message: message, offset: offset)
  }
}

// MARK: known fields

extension ProtobufReader {
  public mutating func payload(of tag: Tag) throws(ProtobufError) -> UnsafeRawBufferPointer {
    guard tag.wireType == .lengthDelimited else { throw mismatch(tag) }
    return try payload()
  }

  public mutating func varint(of tag: Tag) throws(ProtobufError) -> UInt64 {
    guard tag.wireType == .varint else { throw mismatch(tag) }
    return try varint()
  }

  public mutating func bool(of tag: Tag) throws(ProtobufError) -> Bool { try varint(of: tag) != 0 }

  public mutating func int64(of tag: Tag) throws(ProtobufError) -> Int64 {
    Int64(bitPattern: try varint(of: tag))
  }

  public mutating func double(of tag: Tag) throws(ProtobufError) -> Double {
    guard tag.wireType == .fixed64 else { throw mismatch(tag) }
    return Double(bitPattern: try fixed64())
  }

  /// Texts are UTF-8, as the format demands.
  public mutating func string(of tag: Tag) throws(ProtobufError) -> String {
    let bytes = try payload(of: tag)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error(.badUTF8, "field \(tag.number) is no valid UTF-8")
    }
    return text
  }

  /// A repeated number's field, packed or not.
  public mutating func varints(
    of tag: Tag, _ take: (UInt64) -> Void
  ) throws(ProtobufError) {
    switch tag.wireType {
    case .varint: take(try varint())
    case .lengthDelimited:
      var packed = ProtobufReader(try payload())
      while !packed.isAtEnd { take(try packed.varint()) }
    default: throw mismatch(tag)
    }
  }

  /// The bytes of a repeated field of numbers of fixed size, packed or not: whole elements.
  public mutating func fixed(of tag: Tag, size: Int) throws(ProtobufError) -> UnsafeRawBufferPointer {
    switch tag.wireType {
    case .lengthDelimited:
      let packed = try payload()
      guard packed.count % size == 0 else {
        throw error(.truncated, "the packed field \(tag.number) has \(packed.count) bytes")
      }
      return packed
    case size == 4 ? .fixed32 : .fixed64:
      guard bytes.count &- offset >= size else { throw error(.truncated, "a number is cut off") }
      defer { offset &+= size }
      return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset &+ size)])
    default: throw mismatch(tag)
    }
  }

  public func mismatch(_ tag: Tag) -> ProtobufError {
    error(.wrongWireType, "field \(tag.number) has the wire type \(tag.wireType.rawValue)")
  }
}
