internal import Basics
internal import Formats

/// Reads the fields of one protobuf message from slices, which nested messages and texts share.
struct ProtobufScanner {
  enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(ArraySlice<UInt8>)

    /// What a field that is not set reads as.
    var isZero: Bool {
      switch self {
      case .varint(let number), .fixed64(let number): number == 0
      case .fixed32(let number): number == 0
      case .bytes(let bytes): bytes.isEmpty
      }
    }
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// The next field; nil at the end.
  mutating func next() throws(KubeProtobufError) -> (number: Int, value: Value)? {
    let result: Result<(number: Int, value: Value, used: Int)?, ProtobufError> = rest.withUnsafeBytes {
      view in
      do throws(ProtobufError) {
        return .success(try Self.field(view, in: rest))
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(nil): return nil
    case .success(let field?):
      rest = rest.dropFirst(field.used)
      return (field.number, field.value)
    case .failure(let error): throw KubeProtobufError(error.message)
    }
  }

  private static func field(
    _ view: UnsafeRawBufferPointer, in rest: ArraySlice<UInt8>
  ) throws(ProtobufError) -> (number: Int, value: Value, used: Int)? {
    var reader = ProtobufReader(view)
    guard let tag = try reader.next() else { return nil }
    switch tag.wireType {
    case .varint: return (tag.number, .varint(try reader.varint()), reader.offset)
    case .fixed64: return (tag.number, .fixed64(try reader.fixed64()), reader.offset)
    case .fixed32: return (tag.number, .fixed32(try reader.fixed32()), reader.offset)
    case .lengthDelimited:
      let count = try reader.payload().count
      let end = rest.startIndex + reader.offset
      return (tag.number, .bytes(rest[(end - count)..<end]), reader.offset)
    case .startGroup, .endGroup: throw reader.error(.wrongWireType, "groups are not used here")
    }
  }
}

/// Why protobuf bytes are not an object that this server knows.
public struct KubeProtobufError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}
