/// Sizes that the parsers accept; everything beyond is an error, never more memory.
public struct HTTPWireLimits: Sendable, Hashable {
  /// Request or status line: 414 beyond.
  public var startLineBytes = 16 * 1024
  /// The whole head with its start line: 431 beyond.
  public var headBytes = 64 * 1024
  /// Header fields: 431 beyond.
  public var headerFields = 128
  /// Chunk extensions of a whole body: 400 beyond.
  public var chunkExtensionBytes = 16 * 1024
  /// The whole trailer section: 400 beyond.
  public var trailerBytes = 16 * 1024

  public init() {}
}
