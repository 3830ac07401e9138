internal import Basics
internal import HTTPTransport
internal import HTTPWire

/// One request on its way through the gateway, and its answer on the way back. Lives on its loop's thread.
final class ProxyExchange {
  private enum Phase {
    /// No upstream yet: the request's body waits.
    case choosing
    /// Waits for an endpoint to come.
    case held
    /// Under way to an upstream that has not answered.
    case forwarding
    /// The answer's head is on its way to the client.
    case answering
    case ended
  }

  private let head: HTTPRequestHead
  private let host: String
  private let bodyLength: HTTPRequestBodyLength
  private let loop: GatewayLoop
  private var exchange: HTTPExchange?
  private var phase = Phase.choosing
  private var rule: CompiledRule?
  private var backend: RouteTarget.WeightedBackend?
  private var endpoint: Endpoint?
  private var upstream: HTTPUpstreamExchange?
  private var deadline: LoopTimer?
  private var holdTimer: LoopTimer?
  private var attempts = 0
  private var hasRepeated = false
  /// What came of the body, to be sent again to another endpoint; nil once it is too long for that.
  private var retained: Bytes? = []
  private var requestHasEnded = false
  /// Set while `start` runs: a failure that comes meanwhile is looked at afterwards.
  private var isStarting = false
  private var failureWhileStarting: HTTPClientError?

  private static let retainedBytes = 64 * ByteCount.kibibyte
  private static let attemptLimit = 3

  init(_ head: HTTPRequestHead, exchange: HTTPExchange, loop: GatewayLoop) {
    self.head = head
    self.exchange = exchange
    self.loop = loop
    host = HostName.normalized((head.headers["Host"] ?? "")[...])
    if head.headers.contains("Transfer-Encoding") {
      bodyLength = .unknown
    } else if let length = head.headers["Content-Length"].flatMap({ Int($0) }), length > 0 {
      bodyLength = .known(length)
    } else {
      bodyLength = .none
    }
  }

  /// Finds the route and sends the request on.
  func begin() {
    guard let exchange, findBackend() else { return }
    if let timeout = rule?.target.timeout {
      deadline = exchange.loop.schedule(after: timeout) { [weak self] in self?.timedOut(timeout) }
    }
    dispatch(avoiding: nil)
  }

  /// After a change of tables: the route may be another, or have endpoints now.
  func tryAgain() {
    guard phase == .held else { return }
    holdTimer?.cancel()
    holdTimer = nil
    phase = .choosing
    guard findBackend() else { return }
    dispatch(avoiding: nil)
  }

  // MARK: choosing

  /// - Returns: false where the gateway has answered by itself.
  private func findBackend() -> Bool {
    switch loop.table.find(host: host, head) {
    case .unknownHost: answer(.unknownHost(host, hostCount: loop.table.hostCount))
    case .noRule(let rules): answer(.noRule(host: host, method: head.method, path: head.path, rules: rules))
    case .found(let found):
      guard let chosen = found.target.choose(loop.nextPosition()) else {
        answer(.noBackend(route: "\(found.target.route)"))
        return false
      }
      if let problem = chosen.backend.problem {
        answer(.invalidBackend(problem, route: "\(found.target.route)"))
        return false
      }
      rule = found
      backend = chosen
      return true
    }
    return false
  }

  private func dispatch(avoiding failed: Endpoint?) {
    guard let backend else { return }
    let turn = Int(truncatingIfNeeded: loop.nextPosition() >> 2)
    guard let endpoint = backend.backend.leastLoaded(turn: turn, avoiding: failed) else {
      hold(orAnswer: .noEndpoint(service: "\(backend.backend.service)"))
      return
    }
    forward(to: endpoint, of: backend)
  }

  /// Waits for the next table, or answers where that takes too long.
  private func hold(orAnswer refusal: GatewayAnswer) {
    guard let exchange, loop.endpointWait > .zero, loop.hold(self) else {
      answer(refusal)
      return
    }
    phase = .held
    exchange.pauseRequest()
    holdTimer = exchange.loop.schedule(after: loop.endpointWait) { [weak self] in
      guard let self, self.phase == .held else { return }
      self.loop.release(self)
      self.exchange?.resumeRequest()
      self.answer(refusal)
    }
  }

  // MARK: forwarding

  private func forward(to endpoint: Endpoint, of backend: RouteTarget.WeightedBackend) {
    guard let exchange, let rule else { return }
    attempts += 1
    phase = .forwarding
    self.endpoint = endpoint
    endpoint.begin()
    let forwarded = ForwardedHead.request(
      head, remoteAddress: exchange.remoteAddress, target: rule.target, backend: backend, random: loop.random)
    isStarting = true
    let upstream = exchange.loop.httpClient.start(
      forwarded, to: endpoint.upstream, bodyLength: bodyLength, receiver: self)
    isStarting = false
    if let failure = failureWhileStarting {
      failureWhileStarting = nil
      failed(failure)
      return
    }
    self.upstream = upstream
    var isWritable = true
    if let retained, !retained.isEmpty { isWritable = retained.withUnsafeBytes { upstream.sendBody($0) } }
    if requestHasEnded { upstream.finish() }
    // The body may be paused for an endpoint that failed, or while there was none.
    if isWritable { exchange.resumeRequest() } else { exchange.pauseRequest() }
  }

  private func failed(_ error: HTTPClientError) {
    leaveEndpoint()
    upstream = nil
    guard phase == .forwarding else {
      // The client has a part of the answer: only a broken connection tells it that the rest is missing.
      end()?.abort()
      return
    }
    let failedEndpoint = lastEndpoint
    if mayTryAgain(error), let backend {
      phase = .choosing
      let others = backend.backend.endpoints.contains { $0 !== failedEndpoint }
      if others || error.code != .connect {
        dispatch(avoiding: failedEndpoint)
      } else {
        // The only endpoint is gone; its successor may be in the next table.
        hold(orAnswer: .unreachable(service: "\(backend.backend.service)", cause: error.message))
      }
      return
    }
    let service = backend.map { "\($0.backend.service)" } ?? ""
    answer(
      error.code == .connect
        ? .unreachable(service: service, cause: error.message)
        : .upstreamFailed(service: service, cause: error.message))
  }

  /// A request that reached nobody may always go to another endpoint. One whose connection broke before an
  /// answer came may have been worked on: it is repeated, once, where that changes nothing.
  private func mayTryAgain(_ error: HTTPClientError) -> Bool {
    guard attempts < Self.attemptLimit, retained != nil else { return false }
    if error.isSafeToRetry || error.code == .connect { return true }
    guard error.code == .connectionClosed, !hasRepeated, Repeatability.isRepeatable(head) else {
      return false
    }
    hasRepeated = true
    return true
  }

  /// The endpoint of the last try, for the next one to avoid.
  private var lastEndpoint: Endpoint?

  private func leaveEndpoint() {
    endpoint?.end()
    lastEndpoint = endpoint
    endpoint = nil
  }

  private func timedOut(_ timeout: Duration) {
    switch phase {
    case .ended: break
    case .answering:
      upstream?.abort()
      leaveEndpoint()
      end()?.abort()
    case .choosing, .held, .forwarding:
      upstream?.abort()
      leaveEndpoint()
      loop.release(self)
      answer(.timedOut(service: backend.map { "\($0.backend.service)" } ?? "", after: timeout))
    }
  }

  // MARK: ending

  private func answer(_ answer: GatewayAnswer) { end()?.respond(answer.head, body: answer.body) }

  /// - Returns: the way to the client, the first time.
  private func end() -> HTTPExchange? {
    phase = .ended
    deadline?.cancel()
    holdTimer?.cancel()
    deadline = nil
    holdTimer = nil
    upstream = nil
    retained = nil
    defer { exchange = nil }
    return exchange
  }
}

extension ProxyExchange: HTTPRequestReceiver {
  func requestBody(_ bytes: UnsafeRawBufferPointer) {
    if phase == .ended { return }
    if let count = retained?.count {
      // Without an upstream the bytes have no other place; the pause bounds how many come.
      if count + bytes.count <= Self.retainedBytes || upstream == nil {
        retained?.append(contentsOf: bytes)
      } else {
        retained = nil
      }
    }
    if let upstream, !upstream.sendBody(bytes) { exchange?.pauseRequest() }
  }

  func requestEnd() {
    requestHasEnded = true
    upstream?.finish()
  }

  func requestCancelled() {
    if phase == .ended { return }
    upstream?.abort()
    leaveEndpoint()
    loop.release(self)
    _ = end()
  }

  func responseWritable() { upstream?.resumeResponse() }
}

extension ProxyExchange: HTTPResponseReceiver {
  func responseHead(_ head: HTTPResponseHead) {
    guard phase == .forwarding, let rule, let backend else { return }
    phase = .answering
    retained = nil
    exchange?.sendHead(ForwardedHead.response(head, target: rule.target, backend: backend))
  }

  func responseBody(_ bytes: UnsafeRawBufferPointer) {
    guard phase == .answering, let exchange else { return }
    if !exchange.sendBody(bytes) { upstream?.pauseResponse() }
  }

  func responseEnd() {
    leaveEndpoint()
    if phase == .answering { end()?.finish() }
  }

  func responseFailed(_ error: HTTPClientError) {
    if isStarting {
      failureWhileStarting = error
    } else {
      failed(error)
    }
  }

  func requestWritable() { exchange?.resumeRequest() }
}
