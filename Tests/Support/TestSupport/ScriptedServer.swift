public import Basics
internal import Linux

/// Accepts one connection per answer, one after the other; reads up to the request's end, sends the answer as
/// it stands, however wrong, and closes.
public final class ScriptedServer: Sendable {
  /// Where it listens.
  public let host: String
  public let port: Int

  /// - Parameter ending: the bytes with which a request ends.
  public init(answers: [Bytes], requestsEndWith ending: String = "\r\n\r\n") throws {
    let listener = try Socket.listen(on: .loopback(port: 0))
    let bound = try listener.localAddress()
    host = bound.host
    port = bound.port
    try NamedThread.start("scripted server") {
      for answer in answers { try? Self.serve(listener, Bytes(ending.utf8), answer) }
    }
  }

  private static func serve(_ listener: Socket, _ ending: Bytes, _ answer: Bytes) throws {
    let events = EpollEventBuffer(capacity: 1)
    func wait(_ socket: Socket) throws {
      let epoll = try Epoll()
      try epoll.add(socket.descriptor, .readable, registration: 1)
      try epoll.wait(into: events, timeoutMilliseconds: 20_000) { _, _ in }
    }
    var accepted: Socket?
    while accepted == nil {
      try wait(listener)
      accepted = try listener.accept()?.socket
    }
    guard let accepted else { return }
    var received = Bytes()
    while !received.suffix(ending.count).elementsEqual(ending) {
      try wait(accepted)
      let result = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer -> TransferResult in
        let result = accepted.receive(into: buffer)
        if case .bytes(let count) = result {
          received.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return result
      }
      if case .endOfStream = result { return }
    }
    _ = answer.withUnsafeBytes { accepted.send($0) }
  }
}
