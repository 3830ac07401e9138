import Basics
import HTTPTransport
import HTTPWire
import Linux
import Synchronization
import Testing

/// Says which connection a request came on, by the client's port.
private let originHandler = ClosureHandler { request in
  AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes(Bytes(request.remoteAddress.utf8)))
}

@Suite(.timeLimit(.minutes(2))) struct ClientTests {
  private func url(_ address: ListenAddress, _ path: String = "/", host: String = "127.0.0.1") -> String {
    "http://\(host):\(address.port)\(path)"
  }

  private func text(_ response: HTTPClientResponse) -> String {
    String(decoding: response.body, as: UTF8.self)
  }

  @Test func bodiesGoBothWays() async throws {
    try await withServer(.buffered(EchoHandler())) { address, group, _ in
      let client = HTTPClient(group: group)
      let get = try await client.send(.init(url: url(address, "/a?b=c#d")))
      #expect(get.head.status == 200)
      #expect(text(get) == "GET /a?b=c ")
      let large = String(repeating: "x", count: 3 << 20)
      let post = try await client.send(
        .init(method: "POST", url: url(address, "/p"), body: Bytes(large.utf8)))
      #expect(text(post) == "POST /p " + large)
      let chunks = try await client.send(.init(url: url(address, "/chunks")))
      #expect(text(chunks) == "onethree")
      let head = try await client.send(.init(method: "HEAD", url: url(address, "/large")))
      #expect(head.body.isEmpty)
      #expect(head.head.headers["Content-Length"] == "4194304")
      let found1 = try await client.send(.init(url: url(address, "/empty"))).head.status
      #expect(found1 == 204)
      let found2 = try await client.send(.init(url: url(address, "/large"))).body.count
      #expect(found2 == 4 << 20)
    }
  }

  @Test func connectionsAreUsedAgainAndNotAfterClose() async throws {
    try await withServer(.async(originHandler)) { address, group, _ in
      let client = HTTPClient(group: group)
      let first = try await text(client.send(.init(url: url(address))))
      let second = try await text(client.send(.init(url: url(address))))
      #expect(first == second)
    }
  }

  @Test func loopbackNamesNeedNoResolver() async throws {
    try await withServer(.buffered(EchoHandler())) { address, group, _ in
      let client = HTTPClient(group: group)
      let found3 = try await client.send(.init(url: url(address, host: "localhost"))).head.status
      #expect(found3 == 200)
      let found4 = try await client.send(.init(url: url(address, host: "iris-default.localhost"))).head.status
      #expect(found4 == 200)
      let elsewhere = HTTPClientRequest(url: "http://models.example/", connectTo: address)
      let found5 = try await client.send(elsewhere).head.status
      #expect(found5 == 200)
    }
  }

  @Test func manyRequestsAtOnceAllGetTheirOwnAnswer() async throws {
    try await withServer(.buffered(EchoHandler())) { address, group, _ in
      let client = HTTPClient(group: group)
      try await withThrowingTaskGroup(of: Bool.self) { tasks in
        for number in 0..<200 {
          let path = number % 3 == 0 ? "/later" : "/n"
          tasks.addTask {
            let answer = try await client.send(
              .init(method: "POST", url: url(address, path), body: Bytes("\(number)".utf8)))
            return text(answer) == "POST \(path) \(number)"
          }
        }
        for try await isRight in tasks { #expect(isRight) }
      }
    }
  }

  @Test func aStalePooledConnectionIsReplaced() async throws {
    let group = try EventLoopGroup(loops: 1, name: "client")
    let client = HTTPClient(group: group)
    let (first, address) = try await withServer(.buffered(EchoHandler())) { address, _, _ in
      (try await client.send(.init(url: url(address, "/1"))), address)
    }
    #expect(text(first) == "GET /1 ")
    // The first server is gone and has closed its end of the pooled connection; another takes its port.
    let serverGroup = try EventLoopGroup(loops: 1, name: "second")
    let second = HTTPServer(group: serverGroup, handler: .buffered(EchoHandler()))
    _ = try second.listen([address])
    #expect(text(try await client.send(.init(url: url(address, "/2")))) == "GET /2 ")
    await serverGroup.shutdown()
    await group.shutdown()
  }

  @Test func failuresSayWhatHappened() async throws {
    try await withServer(.buffered(EchoHandler())) { address, group, server in
      var limits = HTTPClientLimits()
      limits.bodyBytes = 1000
      let client = HTTPClient(group: group, limits: limits)
      func code(_ request: HTTPClientRequest) async -> HTTPClientError.Code? {
        do {
          _ = try await client.send(request)
          return nil
        } catch {
          return (error as? HTTPClientError)?.code
        }
      }
      #expect(await code(.init(url: url(address, "/large"))) == .bodyTooLarge)
      #expect(await code(.init(url: url(address, "/short"))) == .connectionClosed)
      #expect(await code(.init(url: "https://127.0.0.1:\(address.port)/")) == .tls)
      #expect(await code(.init(url: "ftp://x/")) == .invalidURL)
      #expect(await code(.init(url: "http://x:99999/")) == .invalidURL)
      #expect(await code(.init(url: "http://u:p@x/")) == .invalidURL)
      #expect(await code(.init(url: "http://x/a b")) == .invalidURL)
      #expect(await code(.init(url: url(address), headers: ["X": "a\r\nb"])) == .invalidRequest)
      await server.drain(timeout: .zero)
      #expect(await code(.init(url: url(address))) == .connect)
    }
  }

  @Test func anAnswerThatDoesNotComeRunsOutOfTime() async throws {
    let release = Signal()
    let handler = ClosureHandler { _ in
      await release.wait()
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes([]))
    }
    try await withServer(.async(handler)) { address, group, _ in
      let client = HTTPClient(group: group)
      let error = await #expect(throws: HTTPClientError.self) {
        try await client.send(.init(url: url(address), timeout: .milliseconds(30)))
      }
      #expect(error?.code == .timeout)
      release.fire()
    }
  }

  @Test func cancellingTheTaskEndsTheRequest() async throws {
    let started = Signal()
    let release = Signal()
    let handler = ClosureHandler { _ in
      started.fire()
      await release.wait()
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes([]))
    }
    try await withServer(.async(handler)) { address, group, _ in
      let client = HTTPClient(group: group)
      let task = Task { try await client.send(.init(url: url(address))) }
      await started.wait()
      task.cancel()
      let result = await task.result
      #expect(throws: HTTPClientError.self) { try result.get() }
      release.fire()
    }
  }

  @Test func aStreamedAnswerComesInPiecesAndEndsWhenItIsLetGo() async throws {
    let ended = Signal()
    let arrived = Signal()
    let handler = ClosureHandler.helloThenSilence(ended: ended)
    try await withServer(.async(handler)) { address, group, _ in
      let client = HTTPClient(group: group)
      func readOne() async throws -> Bytes? {
        let answer = try await client.stream(.init(url: url(address)))
        var pieces = answer.body.makeAsyncIterator()
        return try await pieces.next()
      }
      let found6 = try await readOne()
      #expect(found6 == Bytes("hello".utf8))
      await ended.wait()
      let watching = Task {
        let answer = try await client.stream(.init(url: url(address)))
        for try await _ in answer.body { arrived.fire() }
      }
      await arrived.wait()
      watching.cancel()
      _ = await watching.result
      await ended.wait(2)
    }
  }

  @Test func aReaderThatWaitsHoldsTheServerBack() async throws {
    let made = Atomic<Int>(0)
    let piece = Bytes(repeating: 120, count: 64 * 1024)
    let handler = ClosureHandler { _ in
      let stream = AsyncThrowingStream<Bytes, any Error> { () -> Bytes? in
        made.wrappingAdd(1, ordering: .relaxed).newValue <= 1600 ? piece : nil
      }
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(stream))
    }
    try await withServer(.async(handler)) { address, group, _ in
      let client = HTTPClient(group: group)
      let answer = try await client.stream(.init(url: url(address)))
      let before = try await onThread {
        try PauseForTest().turnUntilUnchanged { made.load(ordering: .relaxed) }
      }
      #expect(before < 800)
      var total = 0
      for try await bytes in answer.body { total += bytes.count }
      #expect(total == 1600 * piece.count)
    }
  }

  @Test func aShutDownGroupAnswersEveryone() async throws {
    let handler = ClosureHandler { _ in
      let (stream, feed) = AsyncThrowingStream<Bytes, any Error>.makeStream()
      feed.yield(Bytes("hello".utf8))
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(stream))
    }
    let clientGroup = try EventLoopGroup(loops: 1, name: "client")
    try await withServer(.async(handler)) { address, _, _ in
      let client = HTTPClient(group: clientGroup)
      let answer = try await client.stream(.init(url: url(address)))
      var pieces = answer.body.makeAsyncIterator()
      let found7 = try await pieces.next()
      #expect(found7 == Bytes("hello".utf8))
      await clientGroup.shutdown()
      await #expect(throws: HTTPClientError.self) { try await pieces.next() }
      await #expect(throws: HTTPClientError.self) { try await client.send(.init(url: url(address))) }
    }
  }
}
