public import Basics
public import HTTPWire
internal import Synchronization

/// One gRPC call and the way back to its client. Calls after the end are ignored. A call that is let go
/// without an end answers INTERNAL.
public final class GRPCCall: Sendable {
  /// `/inference.GRPCInferenceService/ModelInfer`
  public let path: String
  /// The request's header fields, without those of the protocol itself (`te`, `content-type`, `grpc-…`).
  /// Values of names that end in `-bin` are base64, as on the wire.
  public let metadata: HTTPHeaders
  /// From `grpc-timeout`, on the monotonic clock.
  public let deadline: Duration?
  public let loop: EventLoop
  /// `127.0.0.1:40312`
  public var remoteAddress: String { driver.remoteAddress }

  private let driver: any GRPCDriver
  private let hasEnded = Atomic<Bool>(false)

  init(path: String, metadata: HTTPHeaders, deadline: Duration?, loop: EventLoop, driver: any GRPCDriver) {
    self.path = path
    self.metadata = metadata
    self.deadline = deadline
    self.loop = loop
    self.driver = driver
  }

  deinit {
    if hasEnded.load(ordering: .acquiring) { return }
    onLoop { $0.finish(GRPCStatus(.internal, "the server let the call go unanswered"), [:]) }
  }

  /// Reset by the client, its connection is gone, or the deadline has passed: work for it may stop.
  public var isCancelled: Bool { driver.isCancelled }

  /// Sends a message, the headers before the first. From any thread.
  public func send(_ message: Bytes) {
    guard !hasEnded.load(ordering: .relaxed) else { return }
    onLoop { $0.send(message) }
  }

  /// Sends a message out of a view, without a copy of its own on the loop's thread.
  public func send(_ message: UnsafeRawBufferPointer) {
    guard loop.isCurrent else {
      send(Bytes(message))
      return
    }
    guard !hasEnded.load(ordering: .relaxed) else { return }
    driver.send(message)
  }

  /// Ends the call. From any thread.
  /// - Parameter metadata: trailers; names in lower case, base64 for names that end in `-bin`.
  public func finish(_ status: GRPCStatus, metadata: HTTPHeaders = [:]) {
    guard end() else { return }
    onLoop { $0.finish(status, metadata) }
  }

  /// The one answer of a unary call: `send` and `finish` with OK in one step. From any thread.
  public func respond(_ message: Bytes, metadata: HTTPHeaders = [:]) {
    guard end() else { return }
    onLoop { driver in
      driver.send(message)
      driver.finish(.ok, metadata)
    }
  }

  private func end() -> Bool {
    hasEnded.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
  }

  /// Captures the driver, never the call: it may be in its deinit.
  private func onLoop(_ body: @escaping @Sendable (any GRPCDriver) -> Void) {
    let driver = driver
    if loop.isCurrent {
      body(driver)
    } else {
      // A loop that has ended has closed the connection already.
      loop.post { body(driver) }
    }
  }
}

/// The connection's side of a call. Loop thread only, but for `isCancelled` and `remoteAddress`.
protocol GRPCDriver: AnyObject, Sendable {
  var remoteAddress: String { get }
  var isCancelled: Bool { get }
  func send(_ message: Bytes)
  func send(_ message: UnsafeRawBufferPointer)
  func finish(_ status: GRPCStatus, _ metadata: HTTPHeaders)
}
