public import Basics
public import HTTPWire
internal import Synchronization

/// One request and the way back to its client. Calls may come from any thread unless said otherwise; calls
/// after the end are ignored. An exchange that is let go without an end answers 500, or breaks a begun answer
/// off.
/// `@unchecked Sendable`: `phase` is atomic; `sequence` changes only while the connection holds the sole
/// reference.
public final class HTTPExchange: @unchecked Sendable {
  public let loop: EventLoop
  /// `127.0.0.1:40312`
  public var remoteAddress: String { driver.remoteAddress }

  private let driver: any ExchangeDriver
  /// Which of the connection's requests this is.
  private var sequence: Int
  private let phase = Atomic<Int>(0)

  private static let open = 0
  private static let begun = 1
  private static let ended = 2

  init(loop: EventLoop, driver: any ExchangeDriver, sequence: Int) {
    self.loop = loop
    self.driver = driver
    self.sequence = sequence
  }

  deinit {
    if phase.load(ordering: .acquiring) == Self.ended { return }
    onLoop { driver, sequence in driver.dropped(sequence) }
  }

  /// The whole answer. Content-Length is added.
  public func respond(_ head: HTTPResponseHead, body: Bytes) {
    guard move(from: Self.open, to: Self.ended) else { return }
    onLoop { driver, sequence in driver.respond(sequence, head, body) }
  }

  /// The whole answer: `body`, and behind it pieces of which long ones are sent from where they are.
  /// Content-Length is added.
  public func respond(_ head: HTTPResponseHead, body: Bytes, followedBy pieces: [any BodyPiece]) {
    guard move(from: Self.open, to: Self.ended) else { return }
    onLoop { driver, sequence in driver.respond(sequence, head, body, pieces) }
  }

  /// The whole answer out of a view; without a copy on the loop's thread.
  public func respond(_ head: HTTPResponseHead, body: UnsafeRawBufferPointer) {
    guard loop.isCurrent else {
      respond(head, body: Bytes(body))
      return
    }
    guard move(from: Self.open, to: Self.ended) else { return }
    driver.respond(sequence, head, body)
  }

  /// Starts an answer whose body follows by `sendBody`: with the head's Content-Length where it has one, else
  /// chunked.
  public func sendHead(_ head: HTTPResponseHead) {
    guard move(from: Self.open, to: Self.begun) else { return }
    onLoop { driver, sequence in driver.sendHead(sequence, head) }
  }

  /// - Returns: false where much is waiting already: hold back until `responseWritable` (streaming face). Off
  ///   the loop's thread only an end of the exchange is noticed.
  @discardableResult
  public func sendBody(_ bytes: Bytes) -> Bool {
    guard phase.load(ordering: .relaxed) == Self.begun else { return false }
    if loop.isCurrent { return driver.sendBody(sequence, bytes) }
    onLoop { driver, sequence in _ = driver.sendBody(sequence, bytes) }
    return !isCancelled
  }

  /// A piece out of a view; without a copy of its own on the loop's thread.
  @discardableResult
  public func sendBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard loop.isCurrent else { return sendBody(Bytes(bytes)) }
    guard phase.load(ordering: .relaxed) == Self.begun else { return false }
    return driver.sendBody(sequence, bytes)
  }

  /// Sends a piece, from a task, and waits until the client has taken enough of it; one such call at a time.
  /// - Returns: false once nobody reads any more.
  public func write(_ bytes: Bytes) async -> Bool {
    guard phase.load(ordering: .relaxed) == Self.begun else { return false }
    let driver = driver
    let sequence = sequence
    return await withCheckedContinuation { continuation in
      let accepted = loop.post { driver.sendBody(sequence, bytes, continuation) }
      if !accepted { continuation.resume(returning: false) }
    }
  }

  /// Ends an answer begun by `sendHead`.
  public func finish() {
    guard move(from: Self.begun, to: Self.ended) else { return }
    onLoop { driver, sequence in driver.finish(sequence) }
  }

  /// Breaks the connection off, so that the client sees that the answer is incomplete.
  public func abort() {
    guard phase.exchange(Self.ended, ordering: .acquiringAndReleasing) != Self.ended else { return }
    onLoop { driver, sequence in driver.abort(sequence) }
  }

  /// The client has gone (or closed its side of the connection): work for it may stop.
  public var isCancelled: Bool { driver.isCancelled(sequence) }

  /// Streaming face, only on the loop's thread: no further body pieces until `resumeRequest`.
  public func pauseRequest() { driver.pauseRequest(sequence) }

  /// Streaming face, only on the loop's thread: pieces come again, from the next turn of the loop on.
  public func resumeRequest() { driver.resumeRequest(sequence) }
}

extension HTTPExchange {
  /// For the connection, which holds the only reference then.
  func reuse(_ sequence: Int) {
    self.sequence = sequence
    phase.store(Self.open, ordering: .relaxed)
  }

  var hasEnded: Bool { phase.load(ordering: .relaxed) == Self.ended }

  private func move(from old: Int, to new: Int) -> Bool {
    phase.compareExchange(expected: old, desired: new, ordering: .acquiringAndReleasing).exchanged
  }

  /// Captures the driver, never the exchange: it may be in its deinit.
  private func onLoop(_ body: @escaping @Sendable (any ExchangeDriver, Int) -> Void) {
    let driver = driver
    let sequence = sequence
    if loop.isCurrent {
      body(driver, sequence)
    } else {
      // A loop that has ended has closed the connection already.
      loop.post { body(driver, sequence) }
    }
  }
}

/// The connection's side of its exchanges: HTTP/1.1 has one at a time, HTTP/2 will have many. Loop thread
/// only, but for `isCancelled` and `remoteAddress`. A sequence that is over is ignored.
protocol ExchangeDriver: AnyObject, Sendable {
  var remoteAddress: String { get }
  func isCancelled(_ sequence: Int) -> Bool
  func respond(_ sequence: Int, _ head: HTTPResponseHead, _ body: Bytes)
  func respond(_ sequence: Int, _ head: HTTPResponseHead, _ body: Bytes, _ pieces: [any BodyPiece])
  func respond(_ sequence: Int, _ head: HTTPResponseHead, _ body: UnsafeRawBufferPointer)
  func sendHead(_ sequence: Int, _ head: HTTPResponseHead)
  func sendBody(_ sequence: Int, _ bytes: Bytes) -> Bool
  func sendBody(_ sequence: Int, _ bytes: UnsafeRawBufferPointer) -> Bool
  /// Resumes with false once nobody reads any more, with true when there is room.
  func sendBody(_ sequence: Int, _ bytes: Bytes, _ continuation: CheckedContinuation<Bool, Never>)
  func finish(_ sequence: Int)
  func abort(_ sequence: Int)
  func dropped(_ sequence: Int)
  func pauseRequest(_ sequence: Int)
  func resumeRequest(_ sequence: Int)
}

extension ExchangeDriver {
  /// For drivers that have no use for pieces.
  func respond(_ sequence: Int, _ head: HTTPResponseHead, _ body: Bytes, _ pieces: [any BodyPiece]) {
    var whole = body
    whole.reserveCapacity(pieces.reduce(body.count) { $0 + $1.byteCount })
    for piece in pieces { piece.withBytes { whole.append(contentsOf: $0) } }
    respond(sequence, head, whole)
  }
}
