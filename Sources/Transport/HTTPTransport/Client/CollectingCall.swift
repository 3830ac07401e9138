internal import Basics
internal import HTTPWire

/// One `HTTPClient.send`: gathers the answer for its continuation.
/// `@unchecked Sendable`: everything is touched only on the loop's thread.
final class CollectingCall: HTTPResponseReceiver, @unchecked Sendable {
  private let limit: Int
  private var continuation: CheckedContinuation<HTTPClientResponse, any Error>?
  private var exchange: HTTPUpstreamExchange?
  private var head: HTTPResponseHead?
  private var body: Bytes = []
  private var timer: LoopTimer?
  private var isCancelled = false

  init(limit: Int) { self.limit = limit }

  func start(
    _ prepared: PreparedRequest, _ client: ClientOnLoop,
    _ continuation: CheckedContinuation<HTTPClientResponse, any Error>
  ) {
    if isCancelled {
      continuation.resume(
        throwing: HTTPClientError(.cancelled, "the request was cancelled", isSafeToRetry: true))
      return
    }
    self.continuation = continuation
    timer = client.loop.timer(at: client.loop.deadline(after: prepared.request.timeout)) { [weak self] in
      self?.end(.failure(prepared.timeoutError))
    }
    exchange = prepared.start(client.client, self)
  }

  func cancel() {
    isCancelled = true
    end(.failure(HTTPClientError(.cancelled, "the request was cancelled")))
  }

  func responseHead(_ head: HTTPResponseHead) { self.head = head }

  func responseBody(_ bytes: UnsafeRawBufferPointer) {
    guard body.count + bytes.count <= limit else {
      end(.failure(HTTPClientError(.bodyTooLarge, "the answer is longer than \(limit) bytes")))
      return
    }
    body.append(contentsOf: bytes)
  }

  func responseEnd() {
    exchange = nil
    guard let head else { return }
    end(.success(HTTPClientResponse(head: head, body: body)))
  }

  func responseFailed(_ error: HTTPClientError) {
    exchange = nil
    end(.failure(error))
  }

  func requestWritable() {}

  private func end(_ result: Result<HTTPClientResponse, any Error>) {
    timer?.cancel()
    timer = nil
    HTTPTransport.exchange(&exchange, nil)?.abort()
    HTTPTransport.exchange(&continuation, nil)?.resume(with: result)
    body = []
  }
}
