internal import Basics

/// A connection until it is known what its client speaks: by what ALPN agreed on, or by whether the first
/// bytes are HTTP/2's preface (RFC 9113 §3.3 and §3.4). Loop thread only.
final class ProtocolChoice: ServerConnection {
  private static let preface = Bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private let server: ServerLoop
  private let channel: Channel
  /// The beginning of a preface.
  private var pending: Bytes = []
  private var timer: LoopTimer?

  init(_ server: ServerLoop, _ channel: Channel) {
    self.server = server
    self.channel = channel
    let deadline = server.loop.deadline(after: server.state.limits.firstByteTimeout)
    // Not weakly: that would make every count of the channel's references a slow one, for its whole life. The
    // choice, or the channel's end, ends the cycle.
    timer = server.loop.timer(at: deadline) { channel.closeAfterFlush(lingers: false) }
  }

  func startDraining() { channel.closeAfterFlush(lingers: false) }

  func closeNow() { channel.close(.finished) }

  private func speak<Connection: ServerConnection & ChannelDelegate>(
    _ connection: Connection, _ bytes: UnsafeRawBufferPointer
  ) {
    timer?.cancel()
    timer = nil
    server.replace(self, by: connection)
    channel.replaceDelegate(connection)
    connection.channelReady(channel)
    if !bytes.isEmpty, channel.isOpen { connection.channel(channel, received: bytes) }
  }

  private func speakHTTP2(_ bytes: UnsafeRawBufferPointer) {
    guard let connection = HTTP2ServerConnection(server, channel) else {
      channel.close(.failed("no memory for HTTP/2"))
      return
    }
    speak(connection, bytes)
  }
}

extension ProtocolChoice: ChannelDelegate {
  func channelReady(_ channel: Channel) {
    guard let agreed = channel.negotiatedProtocol else { return }
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    if agreed == "h2" { speakHTTP2(nothing) } else { speak(HTTP1ServerConnection(server, channel), nothing) }
  }

  func channel(_ channel: Channel, received bytes: UnsafeRawBufferPointer) {
    if pending.isEmpty {
      choose(bytes)
    } else {
      pending.append(contentsOf: bytes)
      let all = exchange(&pending, [])
      all.withUnsafeBytes { choose($0) }
    }
  }

  private func choose(_ bytes: UnsafeRawBufferPointer) {
    let compared = min(bytes.count, Self.preface.count)
    for index in 0..<compared where bytes[index] != Self.preface[index] {
      speak(HTTP1ServerConnection(server, channel), bytes)
      return
    }
    if compared == Self.preface.count {
      speakHTTP2(bytes)
    } else {
      pending = Bytes(bytes)
    }
  }

  func channelPeerClosing(_ channel: Channel) {}

  func channelInputEnded(_ channel: Channel, isClean: Bool) { channel.closeAfterFlush(lingers: false) }

  func channelWritable(_ channel: Channel) {}

  func channelClosed(_ channel: Channel, _ reason: ChannelCloseReason) {
    timer?.cancel()
    timer = nil
    server.remove(self)
  }
}
