public import Basics

/// Writes one message in the protocol buffers' wire format, field by field, into one buffer. Nested messages
/// of known size are written in place, others are moved by the bytes of their length once they are complete.
public struct ProtobufWriter: Sendable {
  public private(set) var bytes: Bytes

  /// - Parameter bytes: what the message is appended to; pass a used buffer on to spare an allocation.
  public init(appendingTo bytes: consuming Bytes = Bytes()) { self.bytes = bytes }

  public mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count &+ count) }

  // MARK: pieces

  public mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest &>>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  public mutating func tag(_ number: Int, _ wireType: ProtobufReader.WireType) {
    varint(UInt64(number) &<< 3 | UInt64(wireType.rawValue))
  }

  /// The head of a field of `count` bytes, which the caller appends next.
  public mutating func header(_ number: Int, count: Int) {
    tag(number, .lengthDelimited)
    varint(UInt64(count))
  }

  public mutating func append(_ raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }
  public mutating func append(_ raw: ArraySlice<UInt8>) { bytes.append(contentsOf: raw) }

  /// Lets the caller append what a `header` announced.
  public mutating func appendInPlace(_ write: (inout Bytes) -> Void) { write(&bytes) }

  /// Empties the buffer and keeps its memory.
  public mutating func reset() { bytes.removeAll(keepingCapacity: true) }

  /// How many bytes a number takes.
  public static func size(_ value: UInt64) -> Int {
    (64 &- (value | 1).leadingZeroBitCount &+ 6) / 7
  }

  // MARK: fields; zero and empty values are left out, as proto3 does

  public mutating func field(_ number: Int, _ value: UInt64) {
    if value != 0 { element(number, value) }
  }

  public mutating func field(_ number: Int, _ value: Int64) { field(number, UInt64(bitPattern: value)) }
  public mutating func field(_ number: Int, _ value: Bool) { field(number, value ? 1 as UInt64 : 0) }

  public mutating func field(_ number: Int, _ value: Double) {
    tag(number, .fixed64)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { append($0) }
  }

  public mutating func field(_ number: Int, _ text: String) {
    if !text.isEmpty { element(number, text) }
  }

  public mutating func field(_ number: Int, _ raw: Bytes) {
    if !raw.isEmpty { element(number, raw[...]) }
  }

  // MARK: elements of repeated fields and members of a oneof, which are written whatever they are

  public mutating func element(_ number: Int, _ value: UInt64) {
    tag(number, .varint)
    varint(value)
  }

  public mutating func element(_ number: Int, _ text: String) {
    var copy = text
    copy.withUTF8 { utf8 in
      header(number, count: utf8.count)
      append(UnsafeRawBufferPointer(utf8))
    }
  }

  public mutating func element(_ number: Int, _ raw: ArraySlice<UInt8>) {
    header(number, count: raw.count)
    append(raw)
  }

  public mutating func packed(_ number: Int, _ values: some Collection<Int>) {
    if values.isEmpty { return }
    let size = values.reduce(0) { $0 &+ Self.size(UInt64(bitPattern: Int64($1))) }
    header(number, count: size)
    for value in values { varint(UInt64(bitPattern: Int64(value))) }
  }

  /// As `packed`, for one number or two, as short shapes are.
  public mutating func packed(_ number: Int, _ first: Int, _ second: Int?) {
    let first = UInt64(bitPattern: Int64(first))
    let other = second.map { UInt64(bitPattern: Int64($0)) }
    header(number, count: Self.size(first) &+ (other.map { Self.size($0) } ?? 0))
    varint(first)
    if let other { varint(other) }
  }

  /// A nested message, best a short one: its bytes are moved when it has more than 127.
  public mutating func message(_ number: Int, _ write: (inout ProtobufWriter) -> Void) {
    tag(number, .lengthDelimited)
    let lengthAt = bytes.count
    bytes.append(0)
    write(&self)
    let count = UInt64(bytes.count &- lengthAt &- 1)
    if count < 0x80 {
      bytes[lengthAt] = UInt8(truncatingIfNeeded: count)
      return
    }
    var length = ProtobufWriter()
    length.varint(count)
    bytes.replaceSubrange(lengthAt...lengthAt, with: length.bytes)
  }
}
