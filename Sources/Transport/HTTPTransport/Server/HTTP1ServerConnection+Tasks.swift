internal import Basics
internal import HTTPWire

/// The async face: a task per request, owned by its connection.
extension HTTP1ServerConnection {
  func startTask(_ handler: any AsyncHTTPHandler, _ head: HTTPRequestHead, _ body: Bytes) {
    let state = server.state
    let handed = HTTPExchange(loop: server.loop, driver: self, sequence: sequence)
    guard state.beginRequest() else {
      Self.refuse(handed, "the server is answering as many requests as it may")
      return
    }
    let request = AsyncHTTPRequest(head: head, body: body, remoteAddress: remoteAddress)
    let isHEAD = isHEAD
    task = Task {
      let answer = await handler.respond(to: request)
      state.endRequest()
      switch answer.body {
      case .bytes(let bytes): handed.respond(answer.head, body: bytes)
      case .stream(let stream):
        guard state.beginStream() else {
          Self.refuse(handed, "the server has as many streams open as it may")
          return
        }
        await Self.send(answer.head, stream, handed, isHEAD: isHEAD)
        state.endStream()
      }
    }
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
