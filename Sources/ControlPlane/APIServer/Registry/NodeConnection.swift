public import Basics
public import HTTPTransport
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

/// What a caller of `pods/exec` asks for.
public struct ExecRequest: Sendable, Hashable {
  public var container: String
  /// The program and its arguments; not looked at by a shell.
  public var command: [String]
  public var hasInput = false
  public var hasOutput = false
  public var hasError = false
  /// One terminal in place of three streams.
  public var isTerminal = false

  public init(container: String, command: [String]) {
    self.container = container
    self.command = command
  }
}

/// A terminal's size in characters.
public struct TerminalSize: Sendable, Hashable {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

/// The client's ends of a program's streams.
public protocol RemoteStreams: Sendable {
  /// The next bytes of the input; nil at its end.
  func readInput() async -> Bytes?
  /// False once the client has gone.
  func writeOutput(_ bytes: Bytes) async -> Bool
  func writeError(_ bytes: Bytes) async -> Bool
  /// The terminal's next size; nil when there comes none any more.
  func nextSize() async -> TerminalSize?
}

/// A connection to a port of a pod.
public protocol RemoteConnection: Sendable {
  /// Nil at the end.
  func read() async -> Bytes?
  /// False once nobody reads any more.
  func write(_ bytes: Bytes) async -> Bool
  /// Sends what is queued and closes.
  func close()
}

extension ByteConnection: RemoteConnection {}

/// The server's way to what runs on the node.
public protocol NodeConnection: Sendable {
  /// The container's log. Ends at its end, or with `isFollowing` when the container ends.
  func logs(
    pod: KubeObject, container: String, options: LogOptions
  ) async throws -> AsyncThrowingStream<Bytes, any Error>

  /// Runs a program beside a container, in its environment, until it ends; ends it when the task is
  /// cancelled.
  /// - Returns: its exit code; 128 + the signal's number where a signal ended it.
  func execute(pod: KubeObject, _ request: ExecRequest, _ streams: any RemoteStreams) async throws -> Int32

  /// A connection to a port that the pod listens on.
  func connect(pod: KubeObject, port: Int) async throws -> any RemoteConnection
}

extension NodeConnection {
  public func execute(
    pod: KubeObject, _ request: ExecRequest, _ streams: any RemoteStreams
  ) async throws -> Int32 {
    throw KubeError(.serviceUnavailable, "the node of pod \(pod.key) cannot run programs beside containers")
  }

  public func connect(pod: KubeObject, port: Int) async throws -> any RemoteConnection {
    throw KubeError(.serviceUnavailable, "the node of pod \(pod.key) cannot forward ports")
  }
}
