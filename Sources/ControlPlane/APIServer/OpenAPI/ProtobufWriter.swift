internal import Basics

/// Protocol Buffers' wire format, as far as the OpenAPI document needs it. Empty and zero values are left
/// out, as proto3 has it.
struct ProtobufWriter: Sendable {
  private(set) var bytes = Bytes()

  mutating func text(_ field: UInt64, _ value: String?) {
    guard let value, !value.isEmpty else { return }
    key(field, wireType: 2)
    varint(UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  mutating func flag(_ field: UInt64, _ value: Bool) {
    guard value else { return }
    key(field, wireType: 0)
    varint(1)
  }

  mutating func integer(_ field: UInt64, _ value: Int64?) {
    guard let value, value != 0 else { return }
    key(field, wireType: 0)
    varint(UInt64(bitPattern: value))
  }

  mutating func double(_ field: UInt64, _ value: Double?) {
    guard let value, value != 0 else { return }
    key(field, wireType: 1)
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
    }
  }

  /// A nested message; an empty one is written, since its presence means something.
  mutating func message(_ field: UInt64, _ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    key(field, wireType: 2)
    varint(UInt64(inner.bytes.count))
    bytes.append(contentsOf: inner.bytes)
  }

  private mutating func key(_ field: UInt64, wireType: UInt64) { varint(field << 3 | wireType) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }
}
