internal import Basics
internal import HTTPTransport

/// Waiting for a pod to start, or for a place at one: in order, bounded in number, bytes and time.
extension ProxyExchange {
  /// A place in a queue.
  struct Wait {
    var gate: BackendGate
    var ticket: UInt64
    /// As the loop has counted them.
    var bytes: Int
    /// There was no endpoint, rather than no place at one.
    var isForPod: Bool
    var limit: Int
    /// The route has none.
    var hasOwnDeadline = false
  }

  /// The load of the backend that was chosen, counted from here on.
  func countLoad(_ backend: Backend) {
    let load = backend.gate?.load(of: loop)
    if load === self.load { return }
    self.load?.leave()
    load?.arrive()
    self.load = load
  }

  /// Queues the request behind those that wait already.
  func wait(for backend: Backend, _ gate: BackendGate) {
    guard let exchange else { return }
    let isForPod = backend.endpoints.isEmpty
    guard loop.mayWait else {
      answer(.stopping(service: "\(backend.service)"))
      return
    }
    let bytes = heldBytes
    guard loop.addWaitingBytes(bytes) else {
      answer(.tooManyWaiting(service: "\(backend.service)"))
      return
    }
    guard let place = gate.queue.enter(loop, limit: loop.configuration.waitingLimit) else {
      loop.removeWaitingBytes(bytes)
      answer(.tooManyWaiting(service: "\(backend.service)"))
      return
    }
    gate.load(of: loop).waiting[place.ticket] = self
    phase = .waiting
    waitsFor = Wait(
      gate: gate, ticket: place.ticket, bytes: bytes, isForPod: isForPod, limit: backend.endpointLimit)
    exchange.pauseRequest()
    if deadline == nil {
      let timeout = loop.configuration.activationTimeout
      deadline = exchange.loop.schedule(after: timeout) { [weak self] in self?.timedOut(timeout) }
      waitsFor?.hasOwnDeadline = true
    }
    if isForPod, place.isFirst { loop.wake() }
    // A place may have become free between the look at it and the queue.
    if !isForPod { loop.serve(backend) }
  }

  /// An endpoint was reserved for this request.
  func proceed(to endpoint: Endpoint, of backend: Backend) {
    endWait()
    guard phase == .waiting, var chosen = self.backend else {
      endpoint.end()
      return
    }
    // Its filters stay, whatever the newest table says.
    chosen.backend = backend
    self.backend = chosen
    phase = .choosing
    forward(to: endpoint, of: chosen)
  }

  /// What it waited for has gone from the table.
  func stopWaitingAndTryAgain() {
    guard phase == .waiting else { return }
    endWait()
    phase = .held
    tryAgain()
  }

  func refuseWaiting() {
    guard phase == .waiting else { return }
    endWait()
    answer(.stopping(service: serviceName))
  }

  /// Gives up the place.
  /// - Parameter clientHasGone: nothing more is to be read then.
  func endWait(clientHasGone: Bool = false) {
    guard let wait = waitsFor else { return }
    if !clientHasGone { exchange?.resumeRequest() }
    waitsFor = nil
    wait.gate.load(of: loop).waiting[wait.ticket] = nil
    wait.gate.queue.leave(wait.ticket)
    loop.removeWaitingBytes(wait.bytes)
    guard wait.hasOwnDeadline else { return }
    deadline?.cancel()
    deadline = nil
  }

  /// What a paused request's connection may have read of its body: at most what one receive brings.
  private var heldBytes: Int {
    switch bodyLength {
    case .none: 0
    case .known(let length): min(length, Self.receiveBytes)
    case .unknown: Self.receiveBytes
    }
  }

  private static let receiveBytes = 128 * ByteCount.kibibyte

  /// What is said once the time is over.
  func waitedTooLong(_ wait: Wait, _ timeout: Duration) -> GatewayAnswer {
    wait.isForPod
      ? .neverStarted(service: serviceName, after: timeout)
      : .noPlace(service: serviceName, limit: wait.limit, after: timeout)
  }

  var serviceName: String { backend.map { "\($0.backend.service)" } ?? "" }
}
