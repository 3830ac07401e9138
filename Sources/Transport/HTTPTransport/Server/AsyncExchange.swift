internal import Basics
internal import HTTPWire

/// The async face's way from a request to its answer, whatever the protocol.
enum AsyncExchange {
  /// Answers 101 and gives the connection; nil where it is gone.
  typealias TakeOver = @Sendable (HTTPResponseHead) async -> ByteConnection?

  /// - Parameter takeOver: for protocols whose connections can be handed over.
  /// - Returns: the task that answers, owned by the caller; nil where the server is full, which is answered.
  static func start(
    _ handler: any AsyncHTTPHandler, _ request: AsyncHTTPRequest, _ handed: HTTPExchange,
    _ state: ServerState,
    takeOver: TakeOver? = nil
  ) -> Task<Void, Never>? {
    guard state.beginRequest() else {
      refuse(handed, "the server is answering as many requests as it may")
      return nil
    }
    let isHEAD = request.head.method == "HEAD"
    // Whoever waits for an answer goes before the work that this program gives itself.
    return Task(priority: .userInitiated) {
      let answer: AsyncHTTPResponse
      if let takeOver, let upgrading = handler as? any UpgradingHTTPHandler,
        request.head.headers["Upgrade"] != nil
      {
        switch await upgrading.upgrade(request) {
        case .answer(let plain): answer = plain
        case .accepted(let head, let serve):
          state.endRequest()
          await upgrade(head, takeOver, handed, state, serve)
          return
        }
      } else {
        answer = await handler.respond(to: request)
      }
      state.endRequest()
      switch answer.body {
      case .bytes(let bytes): handed.respond(answer.head, body: bytes)
      case .stream(let stream):
        guard state.beginStream() else {
          refuse(handed, "the server has as many streams open as it may")
          return
        }
        await send(answer.head, stream, handed, isHEAD: isHEAD)
        state.endStream()
      }
    }
  }

  private static func upgrade(
    _ head: HTTPResponseHead, _ takeOver: TakeOver, _ handed: HTTPExchange, _ state: ServerState,
    _ serve: @Sendable (ByteConnection) async -> Void
  ) async {
    guard state.beginStream() else {
      refuse(handed, "the server has as many streams open as it may")
      return
    }
    if let connection = await takeOver(head) {
      await serve(connection)
      connection.close()
    }
    state.endStream()
  }

  private static func send(
    _ head: HTTPResponseHead, _ stream: AsyncThrowingStream<Bytes, any Error>, _ handed: HTTPExchange,
    isHEAD: Bool
  ) async {
    handed.sendHead(head)
    if isHEAD {
      handed.finish()
      return
    }
    do {
      for try await piece in stream {
        guard await handed.write(piece) else {
          handed.abort()
          return
        }
      }
      // A cancelled iteration ends like a finished one, but the answer is not complete.
      if Task.isCancelled { handed.abort() } else { handed.finish() }
    } catch {
      handed.abort()
    }
  }

  private static func refuse(_ handed: HTTPExchange, _ reason: String) {
    let headers: HTTPHeaders = ["Content-Type": "application/json", "Retry-After": "1"]
    handed.respond(
      HTTPResponseHead(status: 503, headers: headers), body: Bytes("{\"error\":\"\(reason)\"}\n".utf8))
  }
}
