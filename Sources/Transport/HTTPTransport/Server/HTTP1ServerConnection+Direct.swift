internal import HTTPWire

/// Plain requests that are answered where they lie: no objects, no state of the exchange.
extension HTTP1ServerConnection {
  /// Answers plain requests from the front of what was received, until one needs the general path.
  /// - Returns: how many bytes were used.
  func consumeDirectly(_ bytes: UnsafeRawBufferPointer, _ handler: any BufferedHTTPHandler) -> Int {
    guard case .head = request, !waitsForRoom, !inputEnded, channel.isWritable,
      !server.state.sendsClientsAway
    else { return 0 }
    let answers = server.directAnswers
    let date = server.currentDate()
    let revision = server.dateRevision
    let loop = server.loop.index
    var offset = 0
    while offset < bytes.count, answers.hasRoom {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
      guard let plain = HTTPPlainRequest.scan(rest, limits: server.wireLimits),
        plain.contentLength <= rest.count &- plain.headLength
      else { break }
      let end = plain.headLength &+ plain.contentLength
      let request = DirectRequest(
        target: UnsafeRawBufferPointer(rebasing: rest[plain.target]),
        body: UnsafeRawBufferPointer(rebasing: rest[plain.headLength..<end]), loop: loop)
      let isAnswered = answers.append(revision: revision, date: date) {
        handler.answerDirectly(request, into: $0)
      }
      guard isAnswered else { break }
      offset &+= end
    }
    if offset > 0 {
      sequence &+= 1
      channel.expectsInPlace = false
      enterIdlePhase()
      channel.sendNow(answers.unsent)
      answers.removeAll()
    }
    return offset
  }
}
