import Basics
import HTTPTransport
import HTTPWire
import Linux
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct BufferedServerTests {
  private func talk(
    _ limits: HTTPServerLimits = .init(), _ body: @escaping @Sendable (RawClient) throws -> String
  ) async throws -> String {
    try await withServer(.buffered(EchoHandler()), limits: limits) { address, _, _ in
      try await onThread { try body(try RawClient(address)) }
    }
  }

  @Test func aConnectionServesOneRequestAfterTheOther() async throws {
    let answer = try await talk { client in
      try client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
      let first = try client.read(through: "GET /1 ")
      try client.send("POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
      try client.send("lo")
      return try first + client.read(through: "POST /2 hello")
    }
    #expect(answer.count(of: "HTTP/1.1 200 OK\r\n") == 2)
    #expect(answer.contains("Content-Length: 7\r\n"))
    #expect(answer.contains("Date: "))
  }

  @Test func pipelinedAnswersKeepTheirOrderEvenWhenTheFirstIsSlow() async throws {
    let answer = try await talk { client in
      let paths = ["/later", "/2", "/chunks", "/later", "/5"]
      try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
      return try client.read(through: "GET /5 ")
    }
    let order = ["GET /later ", "GET /2 ", "three", "GET /later ", "GET /5 "]
    #expect(answer.hasInOrder(order), "\(answer)")
  }

  @Test(
    "requests whose answers are not read wait, and none is lost",
    arguments: [false, true])
  func unreadAnswersAreBounded(endsInput: Bool) async throws {
    let answers = CountingHandler()
    let count = 1500
    try await withServer(.buffered(answers), loops: 1) { address, _, _ in
      try await onThread {
        let client = try RawClient(address)
        let request = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
        let last = "GET /last HTTP/1.1\r\nHost: x\r\n\r\n"
        try client.send(String(repeating: request, count: count) + last)
        if endsInput { client.socket.shutdownSending() }
        // On the same loop: what came before has been worked on once this is answered.
        let other = try RawClient(address)
        for _ in 0..<20 {
          try other.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
          _ = try other.read(through: "/other")
        }
        // What the kernel's buffers take, and the high-water mark, are far below the whole.
        #expect(answers.count < count / 2)
        #expect(try client.discard(through: "/last") > count * CountingHandler.length)
        #expect(answers.count == count + 21)
        if endsInput { #expect(try client.readAll() == "") }
      }
    }
  }

  @Test func aServerThatSendsClientsAwayStillAnswersThem() async throws {
    try await withServer(.buffered(EchoHandler())) { address, _, server in
      server.sendClientsAway()
      let answers = try await onThread {
        let first = try RawClient(address)
        let second = try RawClient(address)
        return try [first, second].map { client in
          try client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
          return try client.readAll()
        }
      }
      for answer in answers {
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("Connection: close\r\n"))
      }
    }
  }

  /// Answers something long to `/x`, the path to others.
  private final class CountingHandler: BufferedHTTPHandler {
    static let length = 30_000
    private static let answer = Bytes(repeating: 120, count: length)
    private let requests = Atomic<Int>(0)
    var count: Int { requests.load(ordering: .relaxed) }

    func handle(_ head: HTTPRequestHead, body: UnsafeRawBufferPointer, exchange: HTTPExchange) {
      requests.add(1, ordering: .relaxed)
      exchange.respond(
        HTTPResponseHead(status: 200), body: head.path == "/x" ? Self.answer : Bytes(head.path.utf8))
    }
  }

  @Test func chunkedBodiesGoBothWays() async throws {
    let answer = try await talk { client in
      try client.send(
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
      let first = try client.read(through: "POST /a abcde")
      try client.send("GET /chunks HTTP/1.1\r\nHost: x\r\n\r\n")
      return try first + client.read(through: "0\r\n\r\n")
    }
    #expect(answer.contains("Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"))
  }

  @Test func http10GetsBodiesThatEndWithTheConnection() async throws {
    let answer = try await talk { client in
      try client.send("GET /chunks HTTP/1.0\r\n\r\n")
      return try client.readAll()
    }
    #expect(answer.hasSuffix("\r\n\r\nonethree"))
    #expect(answer.contains("Connection: close"))
    #expect(!answer.contains("chunked"))
  }

  @Test func headHasTheFieldsAndNoBody() async throws {
    let answer = try await talk { client in
      try client.send(
        "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /empty HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      return try client.readAll()
    }
    #expect(answer.contains("Content-Length: 8\r\n"))
    #expect(!answer.contains("HEAD /a "))
    #expect(answer.contains("HTTP/1.1 204 No Content\r\n"))
    #expect(answer.hasSuffix("\r\n\r\n"))
  }

  @Test func continueIsSentWhenTheBodyIsWanted() async throws {
    let answer = try await talk { client in
      try client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
      let interim = try client.read(through: "\r\n\r\n")
      try client.send("ok")
      return try interim + client.read(through: "POST /a ok")
    }
    #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
  }

  @Test func aBodyThatIsTooLongIsRefusedBeforeItComes() async throws {
    var limits = HTTPServerLimits()
    limits.bodyBytes = 10
    let announced = try await talk(limits) { client in
      try client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n")
      return try client.readAll()
    }
    #expect(announced.hasPrefix("HTTP/1.1 413 "))
    #expect(announced.contains("Connection: close"))
    let chunked = try await talk(limits) { client in
      try client.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n")
      return try client.readAll()
    }
    #expect(chunked.hasPrefix("HTTP/1.1 413 "))
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505), ("\u{16}\u{3}\u{1}", 400),
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
  ])
  func nonsenseGetsItsStatusAndTheEndOfTheConnection(_ request: String, _ status: Int) async throws {
    let answer = try await talk { client in
      try client.send(request)
      return try client.readAll()
    }
    #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
    #expect(answer.count(of: "Content-Length: ") == 1)
  }

  @Test func anExchangeThatIsLetGoAnswers500() async throws {
    let answer = try await talk { client in
      try client.send("GET /dropped HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      return try client.readAll()
    }
    #expect(answer.hasPrefix("HTTP/1.1 500 "))
  }

  @Test func anAnswerShorterThanItsLengthBreaksTheConnection() async throws {
    let answer = try await talk { client in
      try client.send("GET /short HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
      return try client.readAll()
    }
    #expect(!answer.contains("GET /2"))
  }

  @Test func aClientThatOnlySaysItIsDoneStillGetsItsAnswers() async throws {
    let answer = try await talk { client in
      try client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
      client.socket.shutdownSending()
      return try client.readAll()
    }
    #expect(answer.contains("GET /later "))
    #expect(answer.contains("GET /2 "))
  }

  @Test func slowHeadsAndBodiesRunOutOfTime() async throws {
    var limits = HTTPServerLimits()
    limits.headTimeout = .milliseconds(50)
    limits.bodyTimeout = .milliseconds(50)
    limits.idleTimeout = .milliseconds(50)
    let head = try await talk(limits) { client in
      try client.send("GET / HTTP/1.1\r\nHos")
      return try client.readAll()
    }
    #expect(head.hasPrefix("HTTP/1.1 408 "))
    let body = try await talk(limits) { client in
      try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
      return try client.readAll()
    }
    #expect(body.hasPrefix("HTTP/1.1 408 "))
    let idle = try await talk(limits) { client in
      try client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
      return try client.readAll()
    }
    #expect(idle.hasSuffix("GET /1 "))
  }

  @Test func aBodyThatDripsRunsOutOfTime() async throws {
    var limits = HTTPServerLimits()
    limits.bodyTimeout = .milliseconds(200)
    limits.bodyBytesPerSecond = .max
    let answer = try await talk(limits) { client in
      try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n")
      while !client.socket.hasPendingInput() { try client.send("a") }
      return try client.read(through: "\r\n")
    }
    #expect(answer.hasPrefix("HTTP/1.1 408 "))
  }

  @Test(
    "half a request does not hold up a drain",
    arguments: ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", "POST / HTTP/1.1\r\nHos"])
  func drainsInSpiteOfHalfARequest(half: String) async throws {
    var limits = HTTPServerLimits()
    limits.drainingRequestTimeout = .milliseconds(20)
    try await withServer(.buffered(EchoHandler()), limits: limits, loops: 1) { address, _, server in
      let answer = try await onThread {
        let client = try RawClient(address)
        try client.send(half)
        // On the same loop: once this is answered, the half has come.
        let other = try RawClient(address)
        try other.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try other.read(through: "GET /other ")
        let drained = Signal()
        Task {
          await server.drain(timeout: .seconds(100))
          drained.fire()
        }
        return (try client.readAll(), drained)
      }
      #expect(answer.0.hasPrefix("HTTP/1.1 408 "))
      await answer.1.wait()
    }
  }

  @Test func aSilentClientIsClosed() async throws {
    var limits = HTTPServerLimits()
    limits.firstByteTimeout = .milliseconds(20)
    #expect(try await talk(limits) { try $0.readAll() }.isEmpty)
  }

  @Test func connectionsAboveTheLimitGet503() async throws {
    var limits = HTTPServerLimits()
    limits.maxConnections = 1
    let answer = try await withServer(.buffered(EchoHandler()), limits: limits) { address, _, _ in
      try await onThread {
        let first = try RawClient(address)
        try first.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try first.read(through: "GET /1 ")
        return try RawClient(address).readAll()
      }
    }
    #expect(answer.hasPrefix("HTTP/1.1 503 "))
  }

  @Test func theAddressInUseIsTold() async throws {
    try await withServer(.buffered(EchoHandler())) { address, group, _ in
      let second = HTTPServer(group: group, handler: .buffered(EchoHandler()))
      let error = #expect(throws: (any Error).self) { try second.listen([address]) }
      #expect("\(String(describing: error))".contains("Address already in use"))
    }
  }
}
