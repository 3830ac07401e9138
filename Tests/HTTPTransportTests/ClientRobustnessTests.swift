import Basics
import HTTPTransport
import HTTPWire
import Linux
import Testing

/// Accepts connections one after the other, waits for a head, sends what it was told and closes.
private final class ScriptedServer: Sendable {
  let address: ListenAddress
  private let listener: Socket

  init(answers: [Bytes]) throws {
    listener = try Socket.listen(on: .loopback(port: 0))
    let bound = try listener.localAddress()
    address = ListenAddress(host: bound.host, port: bound.port)
    let listener = listener
    try NamedThread.start("scripted") {
      for answer in answers { try? Self.serve(listener, answer) }
    }
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
    var head = Bytes()
    while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      try wait(accepted)
      let result = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer -> TransferResult in
        let result = accepted.receive(into: buffer)
        if case .bytes(let count) = result {
          head.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return result
      }
      if case .endOfStream = result { return }
    }
    _ = answer.withUnsafeBytes { accepted.send($0) }
  }
}

@Suite(.timeLimit(.minutes(2))) struct ClientRobustnessTests {
  private func results(
    _ answers: [Bytes], method: String = "GET"
  ) async throws -> [Result<HTTPClientResponse, HTTPClientError>] {
    let server = try ScriptedServer(answers: answers)
    let group = try EventLoopGroup(loops: 1, name: "client")
    let client = HTTPClient(group: group)
    var results: [Result<HTTPClientResponse, HTTPClientError>] = []
    for _ in answers {
      do {
        results.append(
          .success(try await client.send(.init(method: method, url: "http://\(server.address)/"))))
      } catch let error as HTTPClientError {
        results.append(.failure(error))
      }
    }
    await group.shutdown()
    return results
  }

  private func result(_ answer: String) async throws -> Result<HTTPClientResponse, HTTPClientError> {
    try await results([Bytes(answer.utf8)])[0]
  }

  @Test func interimAnswersAreSkipped() async throws {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    let response = try await result(answer + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").get()
    #expect(response.head.status == 200)
    #expect(response.body == Bytes("ok".utf8))
  }

  @Test func bodiesMayEndWithTheConnection() async throws {
    let response = try await result("HTTP/1.0 200 OK\r\n\r\nall of it").get()
    #expect(response.body == Bytes("all of it".utf8))
  }

  @Test(arguments: [
    "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
  ])
  func anAnswerThatIsCutOffIsAnError(_ answer: String) async throws {
    let result = try await result(answer)
    let error = #expect(throws: HTTPClientError.self) { try result.get() }
    #expect(error?.code == .connectionClosed)
  }

  @Test(arguments: [
    "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "SSH-2.0-OpenSSH\r\n",
  ])
  func nonsenseIsAnError(_ answer: String) async throws {
    let result = try await result(answer)
    let error = #expect(throws: HTTPClientError.self) { try result.get() }
    #expect(error?.code == .invalidResponse)
  }

  @Test func garbageNeverHurtsTheClient() async throws {
    var generator = SeededGenerator(state: 5)
    let start = Bytes("HTTP/1.1 200 OK\r\n".utf8)
    let answers = (0..<200).map { number -> Bytes in
      let garbage = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      return number.isMultiple(of: 2) ? garbage : start + garbage
    }
    let results = try await results(answers)
    #expect(results.count == 200)
  }
}
