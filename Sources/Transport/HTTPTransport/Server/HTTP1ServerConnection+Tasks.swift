internal import Basics
internal import HTTPWire

/// The async face: a task per request, owned by its connection.
extension HTTP1ServerConnection {
  func startTask(_ handler: any AsyncHTTPHandler, _ head: HTTPRequestHead, _ body: Bytes) {
    let handed = HTTPExchange(loop: server.loop, driver: self, sequence: sequence)
    let request = AsyncHTTPRequest(head: head, body: body, remoteAddress: remoteAddress)
    let sequence = self.sequence
    task = AsyncExchange.start(handler, request, handed, server.state) { [weak self] head in
      await self?.takeOver(sequence, head)
    }
  }
}
