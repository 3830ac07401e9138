import Basics
import HTTPTransport
import Linux

/// Accepts one connection, waits for a head and its body of one byte, answers the bytes that it was told,
/// however wrong, and closes.
final class RawUpstream: Sendable {
  let address: ListenAddress

  init(answer: String) throws {
    let listener = try Socket.listen(on: .loopback(port: 0))
    let bound = try listener.localAddress()
    address = ListenAddress(host: bound.host, port: bound.port)
    try NamedThread.start("raw upstream") { try? Self.serve(listener, Bytes(answer.utf8)) }
  }

  private static func serve(_ listener: Socket, _ answer: Bytes) throws {
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
    while !received.suffix(5).elementsEqual("\r\n\r\nx".utf8) {
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
