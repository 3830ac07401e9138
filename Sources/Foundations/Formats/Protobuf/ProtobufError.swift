/// Why bytes are no protocol buffer message, and where.
public struct ProtobufError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: Sendable, Hashable {
    /// The bytes end inside a field.
    case truncated
    /// A number of more than 64 bits.
    case badVarint
    /// A field number or wire type that cannot be.
    case badTag
    /// A known field in the form of another type.
    case wrongWireType
    case badUTF8
    /// Groups nested beyond the limit.
    case tooDeep
  }

  public let code: Code
  public let message: String
  /// In the message's bytes.
  public let offset: Int

  public init(code: Code, message: String, offset: Int) {
    self.code = code
    self.message = message
    self.offset = offset
  }

  public var description: String { "invalid protobuf at byte \(offset): \(message)" }
}
