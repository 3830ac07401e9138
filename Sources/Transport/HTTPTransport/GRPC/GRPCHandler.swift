/// Answers gRPC calls on the loop's thread; must not block.
public protocol GRPCHandler: Sendable {
  /// On the loop. A call's headers have come. What is returned gets its messages and is kept until the call
  /// ends.
  /// - Returns: nil to refuse with UNIMPLEMENTED.
  func begin(_ call: GRPCCall) -> (any GRPCReceiver)?
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
