internal import Basics

/// What gRPC calls may send and get.
public struct GRPCLimits: Sendable {
  /// A longer message from a client ends its call with RESOURCE_EXHAUSTED; measured after decompression too.
  public var receiveMessageBytes = 8 * ByteCount.mebibyte
  /// A longer answer ends the call with RESOURCE_EXHAUSTED.
  public var sendMessageBytes = 8 * ByteCount.mebibyte
  /// Answers to clients that compress are compressed from this size on.
  public var compressedMessageBytes = 1024

  public init() {}
}
