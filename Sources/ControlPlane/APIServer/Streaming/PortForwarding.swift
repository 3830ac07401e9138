internal import Basics
internal import HTTPTransport
internal import KubeProtocol
internal import Synchronization

/// Connections to a pod's ports over SPDY: each is a pair of streams, `data` and `error`.
final class SPDYPortForwarding: Sendable {
  static let plainProtocol = "portforward.k8s.io"
  /// The same frames in a WebSocket's messages.
  static let tunnelProtocol = "SPDY/3.1+portforward.k8s.io"
  private static let maximumStreams = 512

  private struct Pair {
    var port: Int
    var error: UInt32?
    var data: UInt32?
  }

  private struct State {
    var pairs: [String: Pair] = [:]
    var inputs: [UInt32: ByteQueue] = [:]
  }

  private let pipe: any StreamPipe
  private let pod: KubeObject
  private let node: any NodeConnection
  private let state = Mutex(State())

  init(_ pipe: any StreamPipe, pod: KubeObject, node: any NodeConnection) {
    self.pipe = pipe
    self.pod = pod
    self.node = node
  }

  /// Until the client goes away.
  func run() async {
    await withDiscardingTaskGroup { group in
      let codec = SPDYCodec()
      reading: while let bytes = await pipe.read() {
        codec.append(bytes)
        do {
          while let frame = try codec.next() {
            if case .goAway = frame { break reading }
            if let open = await take(frame, codec) {
              group.addTask { await self.forward(open.pair, open.input) }
            }
          }
        } catch {
          break
        }
      }
      let inputs = state.withLock { Array($0.inputs.values) }
      for input in inputs { input.finish() }
      await pipe.close()
      group.cancelAll()
    }
  }

  /// - Returns: a pair that is complete now.
  private func take(_ frame: SPDYFrame, _ codec: SPDYCodec) async -> (pair: Pair, input: ByteQueue)? {
    switch frame {
    case .open(let stream, let headers, _):
      let port = Int(headers["port"] ?? "") ?? 0
      let type = headers["streamtype"] ?? ""
      guard (1...65_535).contains(port), type == "data" || type == "error",
        state.withLock({ $0.pairs.count < Self.maximumStreams })
      else {
        _ = await pipe.write(SPDYCodec.reset(stream))
        return nil
      }
      _ = await pipe.write(codec.reply(to: stream))
      return open(stream, type, port, request: headers["requestid"] ?? String(stream))
    case .data(let stream, let bytes, let isLast):
      guard let input = state.withLock({ $0.inputs[stream] }) else { return nil }
      await input.push(bytes)
      if isLast { input.finish() }
    case .reset(let stream): state.withLock { $0.inputs[stream] }?.finish()
    case .ping(let identifier): _ = await pipe.write(SPDYCodec.pong(identifier))
    case .goAway: break
    }
    return nil
  }

  private func open(
    _ stream: UInt32, _ type: String, _ port: Int, request: String
  ) -> (pair: Pair, input: ByteQueue)? {
    state.withLock { state in
      var pair = state.pairs[request] ?? Pair(port: port)
      if type == "data" { pair.data = stream } else { pair.error = stream }
      guard let data = pair.data, pair.error != nil else {
        state.pairs[request] = pair
        return nil
      }
      state.pairs[request] = nil
      let input = ByteQueue()
      state.inputs[data] = input
      return (pair, input)
    }
  }

  private func forward(_ pair: Pair, _ input: ByteQueue) async {
    guard let data = pair.data, let error = pair.error else { return }
    do {
      let connection = try await node.connect(pod: pod, port: pair.port)
      await Self.relay(connection, input) { await self.pipe.write(SPDYCodec.data(data, $0)) }
    } catch let failure {
      let text =
        "error forwarding port \(pair.port) to pod \(pod.name), uid \(pod.uid): \(failure)"
      _ = await pipe.write(SPDYCodec.data(error, Bytes(text.utf8)))
    }
    _ = await pipe.write(SPDYCodec.data(data, [], isLast: true))
    _ = await pipe.write(SPDYCodec.data(error, [], isLast: true))
    state.withLock { $0.inputs[data] = nil }
    input.finish()
  }

  /// Until either side ends.
  static func relay(
    _ connection: any RemoteConnection, _ input: ByteQueue, _ send: @escaping @Sendable (Bytes) async -> Bool
  ) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        while let bytes = await connection.read() {
          if await !send(bytes) { break }
        }
      }
      group.addTask {
        while let bytes = await input.next() {
          if await !connection.write(bytes) { break }
        }
        // The client has said all: what the pod still sends goes on until it ends.
        connection.close()
      }
      await group.next()
      connection.close()
      group.cancelAll()
    }
  }
}

/// Connections to a pod's ports as channels of a WebSocket: two for each port of the query.
final class ChannelPortForwarding: Sendable {
  private let pipe: any StreamPipe
  private let pod: KubeObject
  private let node: any NodeConnection
  private let ports: [Int]
  private let inputs: [ByteQueue]

  init(_ pipe: any StreamPipe, pod: KubeObject, ports: [Int], node: any NodeConnection) {
    self.pipe = pipe
    self.pod = pod
    self.node = node
    self.ports = ports
    inputs = ports.map { _ in ByteQueue() }
  }

  func run() async {
    await withDiscardingTaskGroup { group in
      for (index, port) in ports.enumerated() {
        // Each channel begins with its port, the low byte first.
        let number: Bytes = [UInt8(truncatingIfNeeded: port), UInt8(truncatingIfNeeded: port >> 8)]
        let channel = UInt8(truncatingIfNeeded: index * 2)
        _ = await pipe.write([channel] + number)
        _ = await pipe.write([channel + 1] + number)
        group.addTask { await self.forward(index, port) }
      }
      while let message = await pipe.read() {
        guard let channel = message.first, channel % 2 == 0, Int(channel) / 2 < inputs.count else { continue }
        await inputs[Int(channel) / 2].push(Bytes(message.dropFirst()))
      }
      for input in inputs { input.finish() }
      group.cancelAll()
    }
  }

  private func forward(_ index: Int, _ port: Int) async {
    let channel = UInt8(truncatingIfNeeded: index * 2)
    do {
      let connection = try await node.connect(pod: pod, port: port)
      await SPDYPortForwarding.relay(connection, inputs[index]) { await self.pipe.write([channel] + $0) }
    } catch {
      let text = "error forwarding port \(port) to pod \(pod.name), uid \(pod.uid): \(error)"
      _ = await pipe.write([channel + 1] + Bytes(text.utf8))
    }
    inputs[index].finish()
    if ports.count == 1 { await pipe.close() }
  }
}
