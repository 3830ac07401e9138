internal import Basics
internal import Formats
internal import HTTPTransport

/// Triton's `ModelStreamInfer`: a stream of requests, answered one by one in their order.
final class StreamInferReceiver: GRPCReceiver {
  /// Requests that may wait for the one before them.
  private static let capacity = 256

  private let context: ServingContext
  private let call: GRPCCall
  private var waiting: [Bytes] = []
  private var isBusy = false
  private var hasEnded = false

  init(_ context: ServingContext, _ call: GRPCCall) {
    self.context = context
    self.call = call
  }

  func received(_ message: UnsafeRawBufferPointer) {
    if isBusy {
      guard waiting.count < Self.capacity else {
        call.finish(
          GRPCStatus(.resourceExhausted, "\(Self.capacity) requests of the stream are waiting already"))
        return cancelled()
      }
      waiting.append(Bytes(message))
    } else {
      start(message)
    }
  }

  func ended() {
    hasEnded = true
    if !isBusy { call.finish(.ok) }
  }

  func cancelled() { waiting = [] }

  private func start(_ message: UnsafeRawBufferPointer) {
    isBusy = true
    let loop = call.loop.index
    let metrics = context.metrics
    metrics.shard(loop).started.add(1)
    let turn = StreamTurn(self)
    let call = call
    GRPCPrediction(
      context: context, deadline: call.deadline, isCancelled: { call.isCancelled },
      reply: { result, shard in
        let code: Int
        switch result {
        case .success: code = 0
        case .failure(let failure): code = failure.grpcStatus.code.rawValue
        }
        metrics.shard(shard).countCall(code)
        metrics.shard(shard).finished.add(1)
        call.send(Self.encoded(result))
        if !turn.end(on: call.loop) { call.finish(GRPCStatus(.unavailable, "the server is too busy")) }
      }
    ).begin(message, loop: loop)
  }

  /// An error of one request does not end the stream.
  private static func encoded(_ result: Result<Bytes, RequestFailure>) -> Bytes {
    var writer = ProtobufWriter()
    switch result {
    case .success(let response): writer.element(2, response[...])
    case .failure(let failure): writer.field(1, failure.message)
    }
    return writer.bytes
  }

  fileprivate func turnEnded() {
    isBusy = false
    if !waiting.isEmpty {
      let next = waiting.removeFirst()
      next.withUnsafeBytes { start($0) }
    } else if hasEnded {
      call.finish(.ok)
    }
  }
}

/// Tells a stream, on its loop, that the answer before the next is done.
/// `@unchecked Sendable`: the receiver is touched on its loop's thread only.
private final class StreamTurn: @unchecked Sendable {
  private weak var receiver: StreamInferReceiver?

  init(_ receiver: StreamInferReceiver) { self.receiver = receiver }

  /// - Returns: false where the loop takes nothing any more.
  func end(on loop: EventLoop) -> Bool {
    loop.submit { self.receiver?.turnEnded() }
  }
}
