/// What is wrong with a message on the wire. The connection cannot go on after it: the parser has lost its
/// place.
public struct HTTPWireError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The status that a server answers before it closes: 400, 408, 413, 414, 417, 431, 501, 505.
  public let status: Int
  /// One sentence; carries nothing of the message itself.
  public let message: String

  public init(_ status: Int, _ message: String) {
    self.status = status
    self.message = message
  }

  public var description: String { message }
}
