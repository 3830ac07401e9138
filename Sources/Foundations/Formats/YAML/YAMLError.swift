/// Why a text is no YAML that Apus accepts, and where.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: Sendable, Hashable {
    case syntax, tooDeep, tooLarge, unknownAlias, badKey, badScalar, badMerge
  }

  public let code: Code
  public let message: String
  /// From 1.
  public let line: Int
  /// From 1.
  public let column: Int

  public init(code: Code, message: String, line: Int, column: Int) {
    self.code = code
    self.message = message
    self.line = line
    self.column = column
  }

  public var description: String { "invalid YAML at line \(line), column \(column): \(message)" }
}

/// Limits on what the reader builds; aliases count as often as they are used, so no alias bomb gets past
/// `nodes`.
public struct YAMLLimits: Sendable {
  /// Bytes of text.
  public var bytes: Int
  /// Nesting of sequences and mappings.
  public var depth: Int
  /// Scalars, sequences and mappings of all documents together, aliases expanded.
  public var nodes: Int

  public init(bytes: Int = 16 << 20, depth: Int = 64, nodes: Int = 1_000_000) {
    self.bytes = bytes
    self.depth = depth
    self.nodes = nodes
  }
}
