internal import Basics
internal import Formats
internal import KubeProtocol

/// `v4.channel.k8s.io` and `v5.channel.k8s.io`: a program's streams as messages whose first byte says which.
final class ChannelStreams: RemoteStreams {
  private enum Channel {
    static let input: UInt8 = 0
    static let output: UInt8 = 1
    static let error: UInt8 = 2
    static let status: UInt8 = 3
    static let resize: UInt8 = 4
    /// Version 5: the next byte names the channel that ends.
    static let close: UInt8 = 255
  }

  static let protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"]

  private let pipe: any StreamPipe
  private let input = ByteQueue()
  private let sizes = SizeQueue()

  init(_ pipe: any StreamPipe) { self.pipe = pipe }

  /// Takes what the client sends until it goes away.
  func run() async {
    while let message = await pipe.read() {
      guard let channel = message.first else { continue }
      let rest = Bytes(message.dropFirst())
      switch channel {
      case Channel.input: await input.push(rest)
      case Channel.resize: sizes.push(json: rest)
      case Channel.close where rest.first == Channel.input: input.finish()
      default: continue
      }
    }
    input.finish()
    sizes.finish()
  }

  func readInput() async -> Bytes? { await input.next() }
  func nextSize() async -> TerminalSize? { await sizes.next() }
  func writeOutput(_ bytes: Bytes) async -> Bool { await pipe.write([Channel.output] + bytes) }
  func writeError(_ bytes: Bytes) async -> Bool { await pipe.write([Channel.error] + bytes) }

  func finish(_ status: JSONValue) async {
    _ = await pipe.write([Channel.status] + status.encoded())
    await pipe.close()
  }
}

/// Sizes that a client's terminal takes.
final class SizeQueue: Sendable {
  private let stream: AsyncStream<TerminalSize>
  private let continuation: AsyncStream<TerminalSize>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(
      of: TerminalSize.self, bufferingPolicy: .bufferingNewest(4))
  }

  /// `{"Width":80,"Height":24}`; anything else is passed over.
  func push(json: Bytes) {
    guard let value = try? JSONValue(parsing: json, limits: JSONLimits(depth: 4, bytes: 4096)),
      let width = value["Width"]?.int, let height = value["Height"]?.int,
      (1...65_535).contains(width), (1...65_535).contains(height)
    else { return }
    continuation.yield(TerminalSize(width: Int(width), height: Int(height)))
  }

  func finish() { continuation.finish() }
  func next() async -> TerminalSize? { await stream.first { _ in true } }
}
