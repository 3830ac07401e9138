internal import Linux

/// The protocol spoken on a channel: today HTTP/1.1 as server or as client; another is chosen by what ALPN
/// agreed on. All calls come on the loop's thread.
protocol ChannelDelegate: AnyObject {
  /// Connected, and the TLS handshake (if any) is done.
  func channelReady(_ channel: Channel)
  /// Received bytes in clear; the view is valid during the call only.
  func channel(_ channel: Channel, received bytes: UnsafeRawBufferPointer)
  /// While the channel's `receivesInPlace` is set: hands `receive` the memory where the next bytes shall go,
  /// and takes note of them.
  func channelReceivesInPlace(
    _ channel: Channel, _ receive: (UnsafeMutableRawBufferPointer) -> TransferResult
  ) -> TransferResult
  /// The peer has closed its direction while reading is paused: what it sent before may still wait to be
  /// read.
  func channelPeerClosing(_ channel: Channel)
  /// The peer sends nothing more, and everything was delivered.
  /// - Parameter isClean: false where TLS was cut off without its closing message.
  func channelInputEnded(_ channel: Channel, isClean: Bool)
  /// Output had passed the high-water mark and has fallen below half of it.
  func channelWritable(_ channel: Channel)
  /// The channel is closed, for whatever reason; nothing comes after it.
  func channelClosed(_ channel: Channel, _ reason: ChannelCloseReason)
}

extension ChannelDelegate {
  func channelReceivesInPlace(
    _ channel: Channel, _ receive: (UnsafeMutableRawBufferPointer) -> TransferResult
  ) -> TransferResult { .wouldBlock }
}

/// Why a channel ended.
enum ChannelCloseReason: Sendable {
  /// This side closed it, everything was sent.
  case finished
  /// Connect, receive or send failed.
  case failed(String)
  /// The TLS handshake or a record failed.
  case tlsFailed(String)
  /// The peer took nothing for too long.
  case writeStalled
  case loopStopped
}
