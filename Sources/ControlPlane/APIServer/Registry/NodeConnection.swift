public import Basics
public import KubeProtocol

/// What a caller of `pods/log` asks for.
public struct LogOptions: Sendable, Hashable {
  public var isFollowing = false
  public var tailLines: Int?
  /// The container's run before the current one.
  public var isPrevious = false
  /// Each line begins with its RFC 3339 time.
  public var hasTimestamps = false
  public var sinceSeconds: Int?
  public var sinceTime: Timestamp?
  public var limitBytes: Int?

  public init() {}
}

/// The server's way to what runs on the node: logs now, exec and port-forward later.
public protocol NodeConnection: Sendable {
  /// The container's log. Ends at its end, or with `isFollowing` when the container ends.
  func logs(
    pod: KubeObject, container: String, options: LogOptions
  ) async throws -> AsyncThrowingStream<Bytes, any Error>
}
