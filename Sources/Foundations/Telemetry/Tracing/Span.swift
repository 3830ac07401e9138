public import Basics

/// One piece of work in a trace, ended.
public struct Span: Sendable, Hashable {
  public enum Kind: Int, Sendable {
    case `internal` = 1
    case server = 2
    case client = 3
  }

  public enum Value: Sendable, Hashable {
    case text(String)
    case integer(Int64)
    case number(Double)
    case truth(Bool)
  }

  public struct Attribute: Sendable, Hashable {
    public var name: String
    public var value: Value

    public init(_ name: String, _ value: Value) {
      self.name = name
      self.value = value
    }
  }

  public var name: String
  public var kind: Kind
  /// The span's own place: its `spanID` is this span's.
  public var context: TraceContext
  public var parent: SpanIdentifier?
  public var start: Timestamp
  public var end: Timestamp
  public var attributes: [Attribute] = []
  /// Why the work failed; nil where it did not.
  public var failure: String?

  public init(
    name: String, kind: Kind, context: TraceContext, parent: SpanIdentifier?, start: Timestamp, end: Timestamp
  ) {
    self.name = name
    self.kind = kind
    self.context = context
    self.parent = parent
    self.start = start
    self.end = end
  }
}
