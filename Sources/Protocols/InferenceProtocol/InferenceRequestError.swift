public import Formats

/// Why a request's body is no inference request: the client's fault, in one sentence that names the place.
public struct InferenceRequestError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: Sendable, Hashable {
    /// The bytes are no JSON.
    case malformed
    /// JSON, but not what the protocol asks for.
    case invalid
    /// More than the limits allow.
    case tooLarge
    /// A part of the protocol that this server does not speak.
    case unsupported
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// In the words of KServe's own servers.
  public init(_ error: JSONError) {
    self.init(error.code == .tooLarge ? .tooLarge : .malformed, "Unrecognized request format: \(error)")
  }

  public var description: String { message }
}

/// What a request may make the server build. The bytes of the body are bounded by the transport.
public struct InferenceLimits: Sendable {
  /// Nesting of lists in one tensor; numpy's own limit is 64.
  public var depth: Int
  /// Elements of all tensors of one request together.
  public var elements: Int
  /// Tensors, or columns of a table.
  public var tensors: Int

  public init(depth: Int = 32, elements: Int = 1 << 26, tensors: Int = 4096) {
    self.depth = depth
    self.elements = elements
    self.tensors = tensors
  }
}
