public import Basics
public import Linux
internal import Synchronization

/// A connection that speaks no protocol of this module's: bytes in, bytes out, from tasks. Reading stops
/// while nobody takes what came, writing waits while the peer does not read.
/// `@unchecked Sendable`: all state is touched only on the loop's thread.
public final class ByteConnection: @unchecked Sendable {
  typealias Reader = CheckedContinuation<Bytes?, Never>
  typealias Writer = CheckedContinuation<Bool, Never>

  private static let readLimit = 256 << 10

  private let loop: EventLoop
  private let channel: Channel
  private var received: Bytes
  private var reader: Reader?
  private var writer: Writer?
  private var inputEnded = false
  private var isPaused = false
  private var connecting: CheckedContinuation<ByteConnection, any Error>?
  /// Runs once, on the loop's thread, when the connection is closed.
  var onClose: (() -> Void)?

  init(_ loop: EventLoop, _ channel: Channel, received: Bytes = []) {
    self.loop = loop
    self.channel = channel
    self.received = received
  }

  /// A TCP connection to an address.
  public static func connect(to address: SocketAddress, on group: EventLoopGroup) async throws
    -> ByteConnection
  {
    let loop = group.next()
    return try await withCheckedThrowingContinuation { continuation in
      let accepted = loop.submit {
        do {
          let channel = Channel(
            loop: loop, socket: try Socket.connect(to: address), remoteAddress: "\(address)",
            isConnected: false, tls: nil, highWater: readLimit, writeTimeout: .seconds(300))
          let connection = ByteConnection(loop, channel)
          connection.connecting = continuation
          try channel.start(connection)
        } catch {
          continuation.resume(throwing: error)
        }
      }
      if !accepted { continuation.resume(throwing: Ended()) }
    }
  }

  /// The event loop has ended.
  public struct Ended: Error, CustomStringConvertible {
    public var description: String { "the connection's event loop has ended" }
  }

  /// Could not be connected.
  public struct Refused: Error, CustomStringConvertible {
    public var description: String
  }

  /// The next bytes; nil at the end, however the connection ended. One reader at a time.
  public func read() async -> Bytes? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: Reader) in
        let accepted = loop.submit { self.read(continuation) }
        if !accepted { continuation.resume(returning: nil) }
      }
    } onCancel: {
      loop.submit { self.finishReader(nil) }
    }
  }

  /// Sends bytes, and waits while much is unsent. False once nobody reads any more.
  public func write(_ bytes: Bytes) async -> Bool {
    await withCheckedContinuation { (continuation: Writer) in
      let accepted = loop.submit { self.write(bytes, continuation) }
      if !accepted { continuation.resume(returning: false) }
    }
  }

  /// Sends what is queued and closes.
  public func close() {
    loop.submit { self.channel.closeAfterFlush(lingers: true) }
  }

  // MARK: on the loop

  private func read(_ continuation: Reader) {
    finishReader(nil)
    if !received.isEmpty {
      let bytes = exchange(&received, [])
      if isPaused {
        isPaused = false
        channel.resumeReading()
      }
      continuation.resume(returning: bytes)
    } else if inputEnded || !channel.isOpen {
      continuation.resume(returning: nil)
    } else {
      reader = continuation
    }
  }

  private func finishReader(_ bytes: Bytes?) { exchange(&reader, nil)?.resume(returning: bytes) }

  private func write(_ bytes: Bytes, _ continuation: Writer) {
    guard channel.isOpen else { return continuation.resume(returning: false) }
    channel.write(bytes)
    exchange(&writer, nil)?.resume(returning: true)
    if channel.isWritable { continuation.resume(returning: true) } else { writer = continuation }
  }
}

extension ByteConnection: ChannelDelegate {
  func channelReady(_ channel: Channel) { exchange(&connecting, nil)?.resume(returning: self) }

  func channel(_ channel: Channel, received bytes: UnsafeRawBufferPointer) {
    if reader != nil {
      finishReader(Bytes(bytes))
      return
    }
    received.append(contentsOf: bytes)
    if received.count >= Self.readLimit, !isPaused {
      isPaused = true
      channel.pauseReading()
    }
  }

  func channelPeerClosing(_ channel: Channel) {}

  func channelInputEnded(_ channel: Channel, isClean: Bool) {
    inputEnded = true
    finishReader(nil)
  }

  func channelWritable(_ channel: Channel) { exchange(&writer, nil)?.resume(returning: true) }

  func channelClosed(_ channel: Channel, _ reason: ChannelCloseReason) {
    inputEnded = true
    finishReader(nil)
    exchange(&writer, nil)?.resume(returning: false)
    if let connecting = exchange(&connecting, nil) {
      var why = "the connection was closed"
      if case .failed(let text) = reason { why = text }
      connecting.resume(throwing: Refused(description: why))
    }
    exchange(&onClose, nil)?()
  }
}

extension ByteConnection: ServerConnection {
  func startDraining() { channel.closeAfterFlush(lingers: false) }
  func closeNow() { channel.close(.finished) }
}
