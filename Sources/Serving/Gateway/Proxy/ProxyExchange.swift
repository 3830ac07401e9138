internal import Basics
internal import HTTPTransport
internal import HTTPWire

/// One request on its way through the gateway, and its answer on the way back. Lives on its loop's thread.
final class ProxyExchange {
  enum Phase {
    /// No upstream yet: the request's body waits.
    case choosing
    /// Waits for an endpoint to come.
    case held
    /// Has a place in a queue.
    case waiting
    /// Under way to an upstream that has not answered.
    case forwarding
    /// The answer's head is on its way to the client.
    case answering
    case ended
  }

  private let head: HTTPRequestHead
  private let host: String
  let bodyLength: HTTPRequestBodyLength
  let loop: GatewayLoop
  private(set) var exchange: HTTPExchange?
  var phase = Phase.choosing
  private var rule: CompiledRule?
  /// Where it was found.
  private var table: RouteTable?
  var backend: RouteTarget.WeightedBackend?
  /// Where this request is counted.
  var load: LoopLoad?
  /// The place in a queue while it has one.
  var waitsFor: Wait?
  private var endpoint: Endpoint?
  private var upstream: HTTPUpstreamExchange?
  var deadline: LoopTimer?
  private var holdTimer: LoopTimer?
  /// The time to wait for an endpoint is over.
  private var hasWaited = false
  /// Changes of the cluster that were known then: a table without them does not decide.
  private var awaitedChange: UInt64 = 0
  private var attempts = 0
  private var repeats = 0
  /// Endpoints that did not take the request: others come first, and those of later tables.
  private var failedEndpoints: [Endpoint] = []
  /// What the last of them said.
  private var lastFailure: HTTPClientError?
  /// The answer's head until the end of the turn that brought it: an answer that is broken right after it can
  /// still become another.
  private var answerHead: HTTPResponseHead?
  /// What came of the body, to be sent again to another endpoint; nil once it is too long for that.
  private var retained: Bytes? = []
  private var requestHasEnded = false
  /// Set while `start` runs: a failure that comes meanwhile is looked at afterwards.
  private var isStarting = false
  private var failureWhileStarting: HTTPClientError?

  private static let retainedBytes = 64 * ByteCount.kibibyte
  private static let attemptLimit = 32
  private static let repeatLimit = 3

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
    dispatch()
  }

  /// After a change of tables: the route may be another, or have endpoints now.
  func tryAgain() {
    guard phase == .held else { return }
    phase = .choosing
    guard findBackend() else { return }
    dispatch()
  }

  // MARK: choosing

  /// - Returns: false where the gateway has answered by itself.
  private func findBackend() -> Bool {
    table = loop.table
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
      countLoad(chosen.backend)
      return true
    }
    return false
  }

  private func dispatch() {
    // What failed may long have a successor in a table that came meanwhile.
    if attempts > 0, table !== loop.table, !findBackend() { return }
    guard let backend else { return }
    let target = backend.backend
    let isFull = target.endpointLimit > 0 && target.gate.map { $0.queue.count > 0 } ?? false
    if !isFull, let endpoint = target.reserve(turn: loop.nextTurn(), avoiding: failedEndpoints) {
      forward(to: endpoint, of: backend)
    } else if let gate = target.gate, mayWaitInQueue(target) {
      wait(for: target, gate)
    } else {
      // All are gone, or there is none; the successor may be in the next table.
      hold()
    }
  }

  /// A pod will come, or one that has not failed will have a place.
  private func mayWaitInQueue(_ target: Backend) -> Bool {
    if target.endpoints.isEmpty { return target.isScaledByRequests }
    guard target.endpointLimit > 0 else { return false }
    return target.endpoints.contains { endpoint in !failedEndpoints.contains { $0 === endpoint } }
  }

  /// Waits for the next table, or answers where that takes too long: a wait that goes on over several tables
  /// is not longer for it.
  private func hold() {
    guard let exchange, loop.endpointWait > .zero, !hasWaited || isTableBehind, loop.hold(self) else {
      refuse()
      return
    }
    phase = .held
    exchange.pauseRequest()
    if holdTimer != nil { return }
    holdTimer = exchange.loop.schedule(after: loop.endpointWait) { [weak self] in self?.hasHeld() }
  }

  /// The time is over. Where the table is behind, the endpoint may be in what it lacks: whoever was told that
  /// the service is ready is not to be told otherwise by an older state.
  private func hasHeld() {
    hasWaited = true
    guard phase == .held, let exchange else { return }
    awaitedChange = loop.latestChange()
    guard isTableBehind else {
      loop.release(self)
      refuse()
      return
    }
    holdTimer = exchange.loop.schedule(after: loop.configuration.tableWait) { [weak self] in
      guard let self else { return }
      self.awaitedChange = 0
      guard self.phase == .held else { return }
      self.loop.release(self)
      self.refuse()
    }
  }

  private var isTableBehind: Bool { loop.changeCount < awaitedChange }

  private func refuse() {
    exchange?.resumeRequest()
    answer(refusal)
  }

  /// Why the request cannot go on.
  private var refusal: GatewayAnswer {
    let service = backend.map { "\($0.backend.service)" } ?? ""
    guard let lastFailure, backend?.backend.endpoints.isEmpty == false else {
      return .noEndpoint(service: service)
    }
    if lastFailure.code == .connect { return .unreachable(service: service, cause: lastFailure.message) }
    return .upstreamFailed(service: service, cause: lastFailure.message)
  }

  // MARK: forwarding

  /// - Parameter endpoint: this request is already counted there.
  func forward(to endpoint: Endpoint, of backend: RouteTarget.WeightedBackend) {
    guard let exchange, let rule else {
      endpoint.end()
      return
    }
    attempts += 1
    phase = .forwarding
    self.endpoint = endpoint
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
    if let endpoint { failedEndpoints.append(endpoint) }
    leaveEndpoint()
    upstream = nil
    guard phase == .forwarding else {
      // The client has a part of the answer: only a broken connection tells it that the rest is missing.
      end()?.abort()
      return
    }
    answerHead = nil
    lastFailure = error
    guard mayTryAgain(error) else {
      answer(refusal)
      return
    }
    phase = .choosing
    dispatch()
  }

  /// A request that reached nobody may always go to another endpoint. One whose connection broke before an
  /// answer came may have been worked on: where that changes nothing it goes to an endpoint that has not had
  /// it, a few times, or once more to the same, which may have closed a kept connection only.
  private func mayTryAgain(_ error: HTTPClientError) -> Bool {
    guard attempts < Self.attemptLimit, retained != nil else { return false }
    if error.isSafeToRetry || error.code == .connect { return true }
    guard error.code == .connectionClosed, repeats < Self.repeatLimit, Repeatability.isRepeatable(head)
    else { return false }
    repeats += 1
    let failed = failedEndpoints
    if backend?.backend.leastLoaded(turn: 0, avoiding: failed) != nil { return true }
    // Later on it waits for an endpoint of the next table.
    if repeats == 1 { failedEndpoints.removeAll() }
    return true
  }

  private func leaveEndpoint() {
    guard let endpoint else { return }
    endpoint.end()
    self.endpoint = nil
    // The place goes to whoever has waited longest.
    guard let gate = backend?.backend.gate, gate.queue.count > 0, let known = gate.load(of: loop).backend
    else { return }
    loop.serve(known)
  }

  func timedOut(_ timeout: Duration) {
    switch phase {
    case .ended: break
    case .waiting:
      guard let wait = waitsFor else { return }
      endWait()
      answer(waitedTooLong(wait, timeout))
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

  func answer(_ answer: GatewayAnswer) { end()?.respond(answer.head, body: answer.body) }

  /// - Returns: the way to the client, the first time.
  private func end() -> HTTPExchange? {
    phase = .ended
    load?.leave()
    load = nil
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
      // Without a connection the bytes have no other place; the pause bounds how many come.
      if count + bytes.count <= Self.retainedBytes || upstream?.isConnecting ?? true {
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
    endWait(clientHasGone: true)
    loop.release(self)
    _ = end()
  }

  func responseWritable() { upstream?.resumeResponse() }
}

extension ProxyExchange: HTTPResponseReceiver {
  func responseHead(_ head: HTTPResponseHead) {
    guard phase == .forwarding, answerHead == nil, let exchange else { return }
    answerHead = head
    retained = nil
    exchange.loop.afterEvents { [weak self] in self?.beginAnswer() }
  }

  /// The answer has come as far as it must: its head goes on.
  private func beginAnswer() {
    guard phase == .forwarding, let head = answerHead, let rule, let backend else { return }
    answerHead = nil
    phase = .answering
    exchange?.sendHead(ForwardedHead.response(head, target: rule.target, backend: backend))
  }

  func responseBody(_ bytes: UnsafeRawBufferPointer) {
    beginAnswer()
    guard phase == .answering, let exchange else { return }
    if !exchange.sendBody(bytes) { upstream?.pauseResponse() }
  }

  func responseEnd() {
    beginAnswer()
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
