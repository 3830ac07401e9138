internal import Basics
internal import Formats
internal import HTTPTransport
internal import KubeProtocol
internal import Synchronization

/// `v4.channel.k8s.io` over SPDY/3.1: a program's streams as streams of the connection, told apart by their
/// header `streamtype`.
final class SPDYStreams: RemoteStreams {
  static let protocols = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io"]

  private let pipe: any StreamPipe
  private let expected: Set<String>
  private let speaksStatus: Bool
  private let input = ByteQueue()
  private let sizes = SizeQueue()
  private let state = Mutex<[String: UInt32]>([:])
  private let ready = ByteQueue()

  /// - Parameter version: one of `protocols`; from 4 on the end is told as a Status.
  init(_ pipe: any StreamPipe, _ request: ExecRequest, version: String) {
    self.pipe = pipe
    speaksStatus = version == Self.protocols[0]
    var expected: Set<String> = ["error"]
    if request.hasInput { expected.insert("stdin") }
    if request.hasOutput { expected.insert("stdout") }
    if request.hasError && !request.isTerminal { expected.insert("stderr") }
    self.expected = expected
  }

  /// Until the client has opened every stream that it asked for. False where it went away before.
  func waitUntilOpen() async -> Bool { await ready.next() != nil }

  /// Takes what the client sends until it goes away.
  func run() async {
    let codec = SPDYCodec()
    while let bytes = await pipe.read() {
      codec.append(bytes)
      do {
        while let frame = try codec.next() {
          if await !take(frame, codec) { break }
        }
      } catch {
        await pipe.close()
        break
      }
    }
    input.finish()
    sizes.finish()
    ready.finish()
  }

  private func take(_ frame: SPDYFrame, _ codec: SPDYCodec) async -> Bool {
    switch frame {
    case .open(let stream, let headers, let isLast):
      let type = headers["streamtype"] ?? ""
      let isComplete = state.withLock { streams in
        streams[type] = stream
        return expected.isSubset(of: streams.keys)
      }
      _ = await pipe.write(codec.reply(to: stream))
      if isLast && type == "stdin" { input.finish() }
      if isComplete { await ready.push([1]) }
    case .data(let stream, let bytes, let isLast):
      let streams = state.withLock { $0 }
      if streams["stdin"] == stream {
        await input.push(bytes)
        if isLast { input.finish() }
      } else if streams["resize"] == stream {
        sizes.push(json: bytes)
      }
    case .reset(let stream):
      if state.withLock({ $0["stdin"] }) == stream { input.finish() }
    case .ping(let identifier): _ = await pipe.write(SPDYCodec.pong(identifier))
    case .goAway: return false
    }
    return true
  }

  func readInput() async -> Bytes? { await input.next() }
  func nextSize() async -> TerminalSize? { await sizes.next() }
  func writeOutput(_ bytes: Bytes) async -> Bool { await write("stdout", bytes) }
  func writeError(_ bytes: Bytes) async -> Bool { await write("stderr", bytes) }

  private func write(_ type: String, _ bytes: Bytes, isLast: Bool = false) async -> Bool {
    guard let stream = state.withLock({ $0[type] }) else { return true }
    return await pipe.write(SPDYCodec.data(stream, bytes, isLast: isLast))
  }

  func finish(_ status: JSONValue) async {
    let isSuccess = status["status"] == "Success"
    let text =
      speaksStatus ? status.encoded() : isSuccess ? [] : Bytes((status["message"]?.string ?? "").utf8)
    for type in ["stdout", "stderr"] where expected.contains(type) { _ = await write(type, [], isLast: true) }
    _ = await write("error", text, isLast: true)
    await pipe.close()
  }
}
