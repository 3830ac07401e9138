/// Why a text is no JSON that Apus accepts, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: Sendable, Hashable {
    case unexpectedEnd, unexpectedCharacter, badNumber, badString, badUTF8, tooDeep, tooLarge, trailingContent
  }

  public let code: Code
  public let message: String
  /// Byte offset from the start of the text.
  public let offset: Int

  public init(code: Code, message: String, offset: Int) {
    self.code = code
    self.message = message
    self.offset = offset
  }

  public var description: String { "invalid JSON at byte \(offset): \(message)" }
}
