import Basics
import HTTPTransport
import HTTPWire
import Linux
import TestSupport
import Testing

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
          .success(try await client.send(.init(method: method, url: "http://\(server.host):\(server.port)/")))
        )
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
    var generator = SeededGenerator(seed: 5)
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
