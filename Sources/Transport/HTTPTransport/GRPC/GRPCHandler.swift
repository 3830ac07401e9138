/// Answers gRPC calls on the loop's thread; must not block.
public protocol GRPCHandler: Sendable {
  /// On the loop. A call's headers have come. What is returned gets its messages and is kept until the call
  /// ends.
  /// - Returns: nil to refuse with UNIMPLEMENTED.
  func begin(_ call: GRPCCall) -> (any GRPCReceiver)?

  /// The path whose calls are offered to `answerDirectly` first; nil for none. Asked once per server.
  var directPath: String? { get }

  /// Answers a call that is one plain message without any of the above: one message, status OK, no metadata.
  /// On the loop's thread.
  /// - Parameters:
  ///   - loop: index of the loop that calls.
  ///   - answer: where the answer's message goes.
  /// - Returns: the length of the answer; nil where `begin` must have the call, and nothing was done then.
  func answerDirectly(
    _ message: UnsafeRawBufferPointer, loop: Int, into answer: UnsafeMutableRawBufferPointer
  ) -> Int?
}

extension GRPCHandler {
  public var directPath: String? { nil }

  public func answerDirectly(
    _ message: UnsafeRawBufferPointer, loop: Int, into answer: UnsafeMutableRawBufferPointer
  ) -> Int? { nil }
}

/// One call's events, all on the loop's thread. Not Sendable: it never leaves the loop.
public protocol GRPCReceiver: AnyObject {
  /// One whole, decompressed message; the view is valid during the call only.
  func received(_ message: UnsafeRawBufferPointer)
  /// The client sends no further messages.
  func ended()
  /// The client reset the call, its connection is gone, or its deadline passed (which the transport has
  /// answered): nothing more comes, nothing can be sent.
  func cancelled()
}
