internal import Basics

/// What one HTTP/2 connection is granted. Sizes of heads and bodies and all times are those of
/// `HTTPServerLimits`.
public struct HTTP2Limits: Sendable {
  /// Requests open at a time on one connection; further ones are refused.
  public var concurrentStreams = 128
  /// How much of one request's body may be on its way before it is worked on.
  public var streamWindowBytes = 256 * ByteCount.kibibyte
  /// The same for all requests of the connection.
  public var connectionWindowBytes = 1 * ByteCount.mebibyte
  /// Collected request bodies of one connection beyond which only the oldest request may send on.
  public var uploadBytes = 80 * ByteCount.mebibyte
  /// Answers of one connection that wait for its client beyond which new requests are refused.
  public var pendingOutputBytes = 16 * ByteCount.mebibyte
  /// Resets by the client: so many at once, then so many a second; GOAWAY beyond. The same for resets that
  /// the client provokes.
  public var resetBurst = 500
  public var resetsPerSecond = 50
  /// Frames that carry nothing (SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA): so many
  /// at once, then so many a second, and some for every kilobyte that is transferred; GOAWAY beyond.
  public var idleFrameBurst = 2000
  public var idleFramesPerSecond = 200
  /// CONTINUATION frames of one header block.
  public var continuations = 8

  public init() {}
}
