import Basics
import HTTPTransport
import HTTPWire
import Linux
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct AsyncServerTests {
  private static let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

  @Test func aHandlerGetsTheWholeRequest() async throws {
    let handler = ClosureHandler { request in
      let text =
        "\(request.head.target) \(String(decoding: request.body, as: UTF8.self)) \(request.remoteAddress)"
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 201), body: .bytes(Bytes(text.utf8)))
    }
    let answer = try await withServer(.async(handler)) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send("POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n")
        try client.send(String(repeating: "b", count: 200_000))
        return try client.readAll()
      }
    }
    #expect(answer.hasPrefix("HTTP/1.1 201 Created\r\n"))
    #expect(answer.contains("/a bbb"))
    #expect(answer.contains("b 127.0.0.1:"))
  }

  @Test func aStreamIsSentAsItComesAndEndedInOrder() async throws {
    let (stream, feed) = AsyncThrowingStream<Bytes, any Error>.makeStream()
    let handler = ClosureHandler { _ in
      AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(stream))
    }
    let answer = try await withServer(.async(handler)) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send(Self.get)
        feed.yield(Bytes("first".utf8))
        // The second piece is made only once the first has arrived.
        let first = try client.read(through: "5\r\nfirst\r\n")
        feed.yield(Bytes("second".utf8))
        let second = try client.read(through: "6\r\nsecond\r\n")
        feed.finish()
        return try first + second + client.read(through: "0\r\n\r\n")
      }
    }
    #expect(answer.hasSuffix("5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n"))
  }

  @Test func aStreamThatFailsBreaksTheConnection() async throws {
    struct Broken: Error {}
    let handler = ClosureHandler { _ in
      let stream = AsyncThrowingStream<Bytes, any Error> { feed in
        feed.yield(Bytes("half".utf8))
        feed.finish(throwing: Broken())
      }
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(stream))
    }
    let answer = try await withServer(.async(handler)) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send(Self.get)
        return try client.readAll()
      }
    }
    #expect(!answer.hasSuffix("0\r\n\r\n"))
  }

  @Test func aClientThatLeavesCancelsItsStream() async throws {
    let ended = Signal()
    let handler = ClosureHandler.helloThenSilence(ended: ended)
    try await withServer(.async(handler)) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send(Self.get)
        _ = try client.read(through: "hello")
      }
      // Nothing is ever sent again: only the end of the connection tells the server.
      await ended.wait()
    }
  }

  @Test func aSlowReaderHoldsTheProducerBack() async throws {
    let made = Atomic<Int>(0)
    let piece = Bytes(repeating: 120, count: 64 * 1024)
    let handler = ClosureHandler { _ in
      let stream = AsyncThrowingStream<Bytes, any Error> { () -> Bytes? in
        let count = made.wrappingAdd(1, ordering: .relaxed).newValue
        return count <= 1600 ? piece : nil
      }
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(stream))
    }
    let (before, total) = try await withServer(.async(handler)) { address, group, _ in
      try await onThread {
        let client = try RawClient(address)
        try client.send(Self.get)
        _ = try client.read(through: "\r\n\r\n")
        // 100 MiB are on offer; the producer must stand still long before, at what sockets and limits hold.
        let last = try PauseForTest().turnUntilUnchanged { made.load(ordering: .relaxed) }
        return (last, try client.discard(through: "\r\n0\r\n\r\n"))
      }
    }
    #expect(before < 800)
    #expect(total > 1600 * 64 * 1024)
  }

  @Test func requestsAboveTheLimitGet503() async throws {
    var limits = HTTPServerLimits()
    limits.maxConcurrentRequests = 1
    let started = Signal()
    let release = Signal()
    let handler = ClosureHandler { _ in
      started.fire()
      await release.wait()
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes([]))
    }
    try await withServer(.async(handler), limits: limits) { address, _, _ in
      let first = Task {
        try await onThread {
          let client = try RawClient(address)
          try client.send(Self.get)
          return try client.read(through: "\r\n\r\n")
        }
      }
      await started.wait()
      let second = try await onThread {
        let client = try RawClient(address)
        try client.send(Self.get)
        return try client.read(through: "\r\n\r\n")
      }
      #expect(second.hasPrefix("HTTP/1.1 503 "))
      #expect(second.contains("Retry-After: 1"))
      release.fire()
      #expect(try await first.value.hasPrefix("HTTP/1.1 200 "))
    }
  }

  @Test func drainingLetsOpenRequestsEndAndTakesNoOthers() async throws {
    let started = Signal()
    let release = Signal()
    let handler = ClosureHandler { _ in
      started.fire()
      await release.wait()
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes(Bytes("done".utf8)))
    }
    try await withServer(.async(handler)) { address, _, server in
      let idle = try await onThread { try RawClientBox(RawClient(address)) }
      let open = Task {
        try await onThread {
          let client = try RawClient(address)
          try client.send(Self.get)
          return try client.readAll()
        }
      }
      await started.wait()
      let drained = Task { await server.drain(timeout: .seconds(60)) }
      // The idle connection goes first: then draining has begun everywhere that matters.
      #expect(try await onThread { try idle.client.readAll() } == "")
      release.fire()
      await drained.value
      let answer = try await open.value
      #expect(answer.hasSuffix("done"))
      #expect(answer.contains("Connection: close"))
      await #expect(throws: (any Error).self) {
        try await onThread {
          let client = try RawClient(address)
          if let error = client.socket.takeError("connect") { throw error }
        }
      }
    }
  }

  @Test func drainingEndsStreamsAndWhatIsLeftAfterItsTime() async throws {
    let handler = ClosureHandler { _ in
      let (stream, feed) = AsyncThrowingStream<Bytes, any Error>.makeStream()
      feed.yield(Bytes("hello".utf8))
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(stream))
    }
    try await withServer(.async(handler)) { address, _, server in
      let watcher = try await onThread {
        let client = try RawClient(address)
        try client.send(Self.get)
        _ = try client.read(through: "hello\r\n")
        return RawClientBox(client)
      }
      await server.drain(timeout: .seconds(60))
      #expect(try await onThread { try watcher.client.readAll() } == "")
    }
  }
}

/// Hands a client from thread to thread.
/// `@unchecked Sendable`: tests use it on one thread after the other.
final class RawClientBox: @unchecked Sendable {
  let client: RawClient
  init(_ client: RawClient) { self.client = client }
}
