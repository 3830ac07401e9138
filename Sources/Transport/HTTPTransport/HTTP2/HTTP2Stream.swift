internal import Basics
internal import CNghttp2
internal import HTTPWire
internal import Synchronization

/// One request on an HTTP/2 connection, from its head to the end of its answer.
/// `@unchecked Sendable`: touched only on the loop's thread, but for `cancelled`, which is atomic.
final class HTTP2Stream: @unchecked Sendable {
  /// Who gets the request.
  enum Face {
    /// Nobody any more: what comes is thrown away.
    case none
    case buffered(HTTPRequestHead)
    case streaming(any HTTPRequestReceiver)
    case grpc(any GRPCReceiver)
  }

  enum Answer {
    case waiting
    /// The head is on its way.
    case begun
    /// Everything is in `output` or sent.
    case ended
  }

  let id: Int32
  let connection: HTTP2ServerConnection
  /// Among the connection's streams.
  var position = 0
  private(set) var isClosed = false
  private let cancelled = Atomic<Bool>(false)

  // The request.
  var face = Face.none
  var isHEAD = false
  var inputEnded = false
  var reportedEnd = false
  /// The receiver asked for a pause, or has to take its own output first.
  var isPaused = false
  var isHeldByOutput = false
  /// Received and not yet worked on.
  var inbound: Bytes = []
  var isDelivering = false
  var collected: Bytes = []
  var bodyBytesLeft = 0
  /// When the body was first waited for.
  var bodyBegan: UInt64 = 0
  /// Received bytes for which the client has not got its window back.
  var withheld = 0
  /// This stream's part of the connection's `uploadBytes`.
  var uploadCount = 0

  // The answer.
  var answer = Answer.waiting
  var output = OutboundQueue()
  /// Of a streamed answer with Content-Length.
  var lengthLeft: Int?
  /// nghttp2 waits to be told about more output.
  var isDeferred = false
  var isAboveMark = false
  var writer: CheckedContinuation<Bool, Never>?
  var task: Task<Void, Never>?

  // The call.
  var isCall = false
  var call = Call(reader: GRPCMessageReader(maximumBytes: 0))

  // Moments on the loop's clock.
  var callDeadline: UInt64 = .max
  var bodyDeadline: UInt64 = .max
  var writeDeadline: UInt64 = .max
  var deadline: UInt64 { min(callDeadline, bodyDeadline, writeDeadline) }

  init(_ connection: HTTP2ServerConnection, _ id: Int32) {
    self.connection = connection
    self.id = id
  }

  var server: ServerLoop { connection.server }
  var limits: HTTPServerLimits { connection.limits }
  var session: OpaquePointer { connection.session.pointer }
  var remoteAddress: String { connection.remoteAddress }
  var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

  /// Output at which writers are told to wait.
  var outputMark: Int { max(16 * 1024, limits.outboundHighWater / 4) }

  // MARK: ends

  /// nghttp2 knows the stream no more, or the connection is gone.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    connection.pendingOutput -= output.count
    output.removeAll()
    forgetUpload()
    inbound = []
    callDeadline = .max
    bodyDeadline = .max
    writeDeadline = .max
    if answer == .ended { letGo() } else { cancel() }
  }

  /// Tells everybody who works on the request that its client is gone.
  func cancel() {
    cancelled.store(true, ordering: .relaxed)
    let face = exchange(&self.face, .none)
    exchange(&task, nil)?.cancel()
    exchange(&writer, nil)?.resume(returning: false)
    switch face {
    case .streaming(let receiver): receiver.requestCancelled()
    case .grpc(let receiver): receiver.cancelled()
    case .none, .buffered: break
    }
  }

  /// The answer is complete: nobody is needed any more.
  func letGo() {
    face = .none
    task = nil
    exchange(&writer, nil)?.resume(returning: false)
  }

  func reset(_ code: nghttp2_error_code) {
    guard !isClosed else { return }
    answer = .ended
    cancel()
    connection.reset(id, code)
  }

  /// The client closed its side of the connection.
  func clientLeft() {
    switch face {
    case .streaming, .grpc: reset(NGHTTP2_CANCEL)
    case .none, .buffered:
      if answer == .begun || !inputEnded {
        reset(NGHTTP2_CANCEL)
      } else {
        cancelled.store(true, ordering: .relaxed)
      }
    }
  }

  func timedOut(_ now: UInt64) {
    if callDeadline <= now {
      callDeadline = .max
      fail(GRPCStatus(.deadlineExceeded, "Deadline Exceeded"))
    } else if bodyDeadline <= now {
      bodyDeadline = .max
      if isCall {
        fail(GRPCStatus(.unavailable, "the rest of a message took too long to come"))
      } else {
        refuse(HTTPWireError(408, "the request body took too long"))
      }
    } else if writeDeadline <= now {
      writeDeadline = .max
      reset(NGHTTP2_CANCEL)
    }
  }

  // MARK: the output

  /// To be called after `output` has grown.
  func outputGrew(by count: Int) {
    connection.pendingOutput += count
    if output.count >= outputMark { isAboveMark = true }
    if writeDeadline == .max, count > 0 {
      writeDeadline = server.loop.deadline(after: limits.writeTimeout)
      connection.watch(writeDeadline)
    }
    outputChanged()
  }

  /// There is more to send, or its end is known.
  func outputChanged() {
    if isDeferred {
      isDeferred = false
      nghttp2_session_resume_data(session, id)
    }
    connection.pumpSoon()
  }

  func outputShrank(by count: Int) {
    connection.pendingOutput -= count
    writeDeadline = output.isEmpty ? .max : server.loop.deadline(after: limits.writeTimeout)
    if isAboveMark, output.count <= outputMark / 2 {
      isAboveMark = false
      connection.writable.append(self)
    }
  }

  /// The client has taken enough to go on.
  func hasRoom() {
    guard !isClosed else { return }
    exchange(&writer, nil)?.resume(returning: true)
    if case .streaming(let receiver) = face, answer == .begun { receiver.responseWritable() }
    if isHeldByOutput {
      isHeldByOutput = false
      deliverSoon()
    }
  }
}
