internal import Basics
internal import HTTPWire

/// One `HTTPClient.stream`: hands the head to its continuation and keeps a bounded part of the body for its
/// reader.
/// `@unchecked Sendable`: everything but the lets is touched only on the loop's thread.
final class StreamingCall: HTTPResponseReceiver, @unchecked Sendable {
  let loop: EventLoop
  private let limits: HTTPClientLimits
  private var headContinuation: CheckedContinuation<HTTPResponseHead, any Error>?
  private var pieceContinuation: CheckedContinuation<Bytes?, any Error>?
  private var exchange: HTTPUpstreamExchange?
  private var buffered: Bytes = []
  private var isPaused = false
  private var result: Result<Void, HTTPClientError>?
  private var timer: LoopTimer?

  init(loop: EventLoop, limits: HTTPClientLimits) {
    self.loop = loop
    self.limits = limits
  }

  func start(
    _ prepared: PreparedRequest, _ client: ClientOnLoop,
    _ continuation: CheckedContinuation<HTTPResponseHead, any Error>
  ) {
    if case .failure(let error) = result {
      continuation.resume(throwing: error)
      return
    }
    headContinuation = continuation
    timer = loop.timer(at: loop.deadline(after: prepared.request.timeout)) { [weak self] in
      self?.end(.failure(prepared.timeoutError))
    }
    exchange = prepared.start(client.client, self)
  }

  /// Also when the reader is gone.
  func cancel() { end(.failure(HTTPClientError(.cancelled, "the request was cancelled"))) }

  /// Resumes with what has come so far, at least one byte; nil at the end.
  func take(_ continuation: CheckedContinuation<Bytes?, any Error>) {
    if !buffered.isEmpty {
      continuation.resume(returning: HTTPTransport.exchange(&buffered, []))
      if isPaused {
        isPaused = false
        exchange?.resumeResponse()
      }
    } else if let result {
      continuation.resume(with: result.map { nil }.mapError { $0 })
    } else if pieceContinuation != nil {
      continuation.resume(throwing: HTTPClientError(.invalidRequest, "a body has one reader at a time"))
    } else {
      pieceContinuation = continuation
    }
  }

  func responseHead(_ head: HTTPResponseHead) {
    timer?.cancel()
    timer = nil
    restartIdleTimer()
    HTTPTransport.exchange(&headContinuation, nil)?.resume(returning: head)
  }

  func responseBody(_ bytes: UnsafeRawBufferPointer) {
    restartIdleTimer()
    if let waiting = HTTPTransport.exchange(&pieceContinuation, nil) {
      waiting.resume(returning: Bytes(bytes))
      return
    }
    buffered.append(contentsOf: bytes)
    if buffered.count >= limits.inboundHighWater && !isPaused {
      isPaused = true
      // The server is not idle: it is the reader that takes its time.
      timer?.cancel()
      timer = nil
      exchange?.pauseResponse()
    }
  }

  func responseEnd() {
    exchange = nil
    end(.success(()))
  }

  func responseFailed(_ error: HTTPClientError) {
    exchange = nil
    end(.failure(error))
  }

  func requestWritable() {}

  private func restartIdleTimer() {
    guard let limit = limits.streamIdleTimeout else { return }
    timer?.cancel()
    timer = loop.schedule(after: limit) { [weak self] in
      self?.end(.failure(HTTPClientError(.timeout, "the answer's body stopped for longer than \(limit)")))
    }
  }

  private func end(_ result: Result<Void, HTTPClientError>) {
    guard self.result == nil else { return }
    self.result = result
    timer?.cancel()
    timer = nil
    HTTPTransport.exchange(&exchange, nil)?.abort()
    if case .failure(let error) = result {
      HTTPTransport.exchange(&headContinuation, nil)?.resume(throwing: error)
    }
    let waiting = HTTPTransport.exchange(&pieceContinuation, nil)
    waiting?.resume(with: result.map { nil }.mapError { $0 })
  }
}

/// The consumer's end of a streamed body: when it is let go, the request ends.
final class StreamReader: Sendable {
  private let call: StreamingCall

  init(call: StreamingCall) { self.call = call }

  deinit {
    let call = call
    call.loop.post { call.cancel() }
  }

  func next() async throws -> Bytes? {
    let call = call
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let accepted = call.loop.post { call.take(continuation) }
        if !accepted { continuation.resume(throwing: HTTPClient.shutDown) }
      }
    } onCancel: {
      call.loop.post { call.cancel() }
    }
  }
}
