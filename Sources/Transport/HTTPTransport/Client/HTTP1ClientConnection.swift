internal import Basics
internal import HTTPWire

/// HTTP/1.1 on one connection to an upstream: one request at a time, then the next or the pool. Loop thread
/// only.
final class HTTP1ClientConnection {
  let upstream: HTTPUpstream
  let channel: Channel
  private let loop: EventLoop
  private let limits: HTTPClientLimits
  /// Its pool; gone where the client was let go meanwhile.
  private weak var client: LoopHTTPClient?
  private let address: String

  private var exchange: HTTPUpstreamExchange?
  private var parser: HTTPResponseParser
  private var decoder = HTTPBodyDecoder(.none)
  private var inbound: Bytes = []
  private var isConsuming = false
  private var isReadingBody = false
  private var answerBegan = false
  private var isPersistent = true
  private var isPaused = false
  private var isReady = false
  private var timer: LoopTimer?

  init(_ client: LoopHTTPClient, _ upstream: HTTPUpstream, _ channel: Channel) {
    self.client = client
    loop = client.loop
    limits = client.limits
    self.upstream = upstream
    self.channel = channel
    address = upstream.address.description
    parser = HTTPResponseParser(limits: limits.wire)
  }

  /// Registers the socket whose connect is under way; errors come later, through the exchange.
  func start() throws {
    try channel.start(self)
    let deadline = loop.deadline(after: limits.connectTimeout)
    timer = loop.timer(at: deadline) { [weak self] in self?.timedOut() }
  }

  func begin(_ exchange: HTTPUpstreamExchange) {
    self.exchange = exchange
    isReadingBody = false
    answerBegan = false
    isPaused = false
  }

  /// Whether a pooled connection still looks alive.
  var isUsable: Bool { channel.isOpen && !channel.hasPendingInput }

  func close() {
    exchange = nil
    channel.close(.finished)
  }

  func pause() {
    isPaused = true
    channel.pauseReading()
  }

  func resume() {
    guard isPaused else { return }
    isPaused = false
    channel.resumeReading()
    loop.afterEvents { [weak self] in self?.processInbound() }
  }

  private func timedOut() {
    if !isReady {
      fail(HTTPClientError(.timeout, "connecting to \(address) took too long", isSafeToRetry: true))
    } else if exchange == nil {
      client?.removeIdle(self)
      close()
    }
  }

  private func fail(_ error: HTTPClientError, isHandshake: Bool = false) {
    let failed = HTTPTransport.exchange(&exchange, nil)
    channel.close(.finished)
    failed?.connectionFailed(error, isHandshake: isHandshake, answerBegan: answerBegan)
  }
}

extension HTTP1ClientConnection: ChannelDelegate {
  func channelReady(_ channel: Channel) {
    isReady = true
    exchange?.connectionReady(self)
  }

  func channel(_ channel: Channel, received bytes: UnsafeRawBufferPointer) {
    guard exchange != nil else {
      // Bytes that nobody asked for: the connection cannot be trusted.
      client?.removeIdle(self)
      close()
      return
    }
    inbound.append(contentsOf: bytes)
    processInbound()
  }

  func channelPeerClosing(_ channel: Channel) {}

  func channelInputEnded(_ channel: Channel, isClean: Bool) {
    if isReadingBody, decoder.endsWithConnection, isClean {
      isPersistent = false
      complete()
    } else {
      channel.close(.failed("the connection was closed"))
    }
  }

  func channelWritable(_ channel: Channel) { exchange?.becameWritable() }

  func channelClosed(_ channel: Channel, _ reason: ChannelCloseReason) {
    timer?.cancel()
    timer = nil
    guard let failed = HTTPTransport.exchange(&exchange, nil) else {
      client?.removeIdle(self)
      return
    }
    let error: HTTPClientError
    var isHandshake = false
    switch reason {
    case .failed(let text) where !isReady:
      error = HTTPClientError(.connect, "cannot connect to \(address): \(text)", isSafeToRetry: true)
    case .failed(let text):
      let moment = answerBegan ? "within its answer" : "before it answered"
      error = HTTPClientError(.connectionClosed, "\(address) closed the connection \(moment): \(text)")
    case .tlsFailed(let text):
      error = HTTPClientError(.tls, "\(address): \(text)", isSafeToRetry: !isReady)
      isHandshake = !isReady
    case .writeStalled:
      error = HTTPClientError(.timeout, "\(address) took no bytes of the request for too long")
    case .loopStopped: error = HTTPClientError(.shutDown, "the client was shut down")
    case .finished: error = HTTPClientError(.connectionClosed, "the connection to \(address) was closed")
    }
    failed.connectionFailed(error, isHandshake: isHandshake, answerBegan: answerBegan)
  }
}

// MARK: the answer

extension HTTP1ClientConnection {
  private func processInbound() {
    guard !isConsuming, !inbound.isEmpty, channel.isOpen else { return }
    // Out of the property, because receivers may come back to this connection while they see the bytes.
    var pending = HTTPTransport.exchange(&inbound, [])
    isConsuming = true
    let used = pending.withUnsafeBytes { consume($0) }
    isConsuming = false
    guard channel.isOpen else { return }
    if used < pending.count {
      inbound = used == 0 ? pending : Bytes(pending[used...])
    } else if pending.capacity <= 16 * ByteCount.kibibyte {
      pending.removeAll(keepingCapacity: true)
      inbound = pending
    }
  }

  private func consume(_ bytes: UnsafeRawBufferPointer) -> Int {
    var offset = 0
    while channel.isOpen, let exchange, !isPaused {
      if isReadingBody {
        switch decoder.next(bytes, &offset) {
        case .data(let range): exchange.received(UnsafeRawBufferPointer(rebasing: bytes[range]))
        case .needsMore: return offset
        case .end:
          if offset < bytes.count { isPersistent = false }
          complete()
          return bytes.count
        case .failure(let error):
          fail(HTTPClientError(.invalidResponse, "\(address) answered nonsense: \(error)"))
        }
      } else {
        guard offset < bytes.count else { return offset }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
        switch parser.parse(rest, answersHEAD: exchange.isHEAD) {
        case .incomplete:
          answerBegan = true
          return offset
        case .failure(let error):
          fail(HTTPClientError(.invalidResponse, "\(address) answered nonsense: \(error)"))
        case .head(let parsed, let length):
          offset += length
          answerBegan = true
          begin(parsed, exchange)
        }
      }
    }
    return offset
  }

  private func begin(_ parsed: HTTPParsedResponse, _ exchange: HTTPUpstreamExchange) {
    if parsed.head.status == 101 {
      fail(HTTPClientError(.invalidResponse, "\(address) switched protocols, which nobody asked for"))
      return
    }
    // Interim answers are not for the caller.
    if parsed.head.status < 200 { return }
    isPersistent = parsed.isPersistent
    decoder = HTTPBodyDecoder(parsed.framing, limits: limits.wire)
    isReadingBody = true
    exchange.received(parsed.head)
  }

  private func complete() {
    guard let finished = HTTPTransport.exchange(&exchange, nil) else { return }
    isReadingBody = false
    if isPersistent && finished.isRequestComplete && channel.isOpen {
      if isPaused {
        isPaused = false
        channel.resumeReading()
      }
      let deadline = loop.deadline(after: limits.idleTimeout)
      if let timer {
        timer.move(to: deadline)
      } else {
        timer = loop.timer(at: deadline) { [weak self] in self?.timedOut() }
      }
      if let client { client.putIdle(self) } else { channel.close(.finished) }
    } else {
      channel.close(.finished)
    }
    finished.responseEnded()
  }
}
