internal import Basics
internal import HTTPTransport
internal import HTTPWire
internal import Synchronization

/// A connection after its change of protocol: whole pieces out, bytes or messages in.
protocol StreamPipe: Sendable {
  /// The next bytes; nil at the end.
  func read() async -> Bytes?
  func write(_ bytes: Bytes) async -> Bool
  func close() async
}

/// The connection itself: what SPDY speaks on.
struct PlainPipe: StreamPipe {
  let connection: ByteConnection

  func read() async -> Bytes? { await connection.read() }
  func write(_ bytes: Bytes) async -> Bool { await connection.write(bytes) }
  func close() async { connection.close() }
}

/// A WebSocket's messages. Pings are answered here; one task reads.
final class WebSocketPipe: StreamPipe {
  private let connection: ByteConnection
  private let parser = Mutex(WebSocketParser())
  private let isClosed = Atomic<Bool>(false)

  init(_ connection: ByteConnection) { self.connection = connection }

  /// The next message's payload.
  func read() async -> Bytes? {
    while true {
      let next: WebSocketMessage?
      do {
        next = try parser.withLock { parser throws(WebSocketError) in try parser.next() }
      } catch {
        await close(code: error.code)
        return nil
      }
      switch next {
      case .binary(let bytes), .text(let bytes): return bytes
      case .ping(let bytes): _ = await connection.write(WebSocketSerializer.frame(.pong(bytes)))
      case .pong: continue
      case .close:
        await close(code: 1000)
        return nil
      case nil:
        guard let bytes = await connection.read() else { return nil }
        parser.withLock { $0.append(bytes) }
      }
    }
  }

  /// One binary message.
  func write(_ bytes: Bytes) async -> Bool {
    await connection.write(WebSocketSerializer.frame(.binary(bytes)))
  }

  func close() async { await close(code: 1000) }

  private func close(code: UInt16) async {
    if isClosed.exchange(true, ordering: .relaxed) { return }
    _ = await connection.write(WebSocketSerializer.frame(.close(code)))
    connection.close()
  }
}
