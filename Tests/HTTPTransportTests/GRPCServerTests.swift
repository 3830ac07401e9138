import Basics
import HTTPTransport
import HTTPWire
import Linux
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct GRPCServerTests {
  private func talk(
    _ handler: CallHandler = CallHandler(), limits: HTTPServerLimits = .init(),
    grpcLimits: GRPCLimits = .init(), settings: [(UInt16, UInt32)] = [],
    _ body: @escaping @Sendable (FrameClient) throws -> Void
  ) async throws {
    let group = try EventLoopGroup(loops: 1, name: "test")
    let server = HTTPServer(
      group: group, limits: limits, handler: .buffered(EchoHandler()), grpc: handler, grpcLimits: grpcLimits)
    let address = try server.listen([loopback])[0]
    let result = try await onThread { Result { try body(try FrameClient(address, settings: settings)) } }
    await server.drain(timeout: .zero)
    await group.shutdown()
    try result.get()
  }

  @Test func aUnaryCallIsAnswered() async throws {
    try await talk { client in
      client.call(1, "/a.B/Echo")
      client.send(FrameClient.data, 1, 1, FrameClient.message(Bytes("hello".utf8)))
      let head = try client.next(FrameClient.headers, on: 1)
      #expect(head?.payload.first == 0x88 && head?.isLast == false)
      let data = try client.next(FrameClient.data, on: 1)
      #expect(data?.payload == FrameClient.message(Bytes("hello".utf8)))
      let trailers = try client.next(FrameClient.headers, on: 1)
      #expect(trailers?.isLast == true)
    }
  }

  @Test func messagesMayComeByteByByteAndSeveralInAFrame() async throws {
    try await talk { client in
      client.call(1, "/a.B/Echo")
      let messages = [Bytes("one".utf8), [], Bytes(repeating: 7, count: 300)]
      let all = messages.flatMap { FrameClient.message($0) }
      for byte in all { client.send(FrameClient.data, 0, 1, [byte]) }
      client.send(FrameClient.data, 1, 1, all)
      let found = try client.answer(on: 1)?.body
      #expect(found == String(decoding: all + all, as: UTF8.self))
    }
  }

  @Test func callsStreamInBothDirections() async throws {
    try await talk { client in
      client.call(1, "/a.B/Echo")
      for round in UInt8(0)..<5 {
        let message = FrameClient.message([round])
        client.send(FrameClient.data, 0, 1, message)
        let data = try client.next(FrameClient.data, on: 1)
        #expect(data?.payload == message)
      }
      client.send(FrameClient.data, 1, 1)
      let answer = try client.answer(on: 1)
      #expect(answer?.body == "")
    }
  }

  @Test func answersMayComeFromOtherThreads() async throws {
    try await talk { client in
      client.call(1, "/a.B/Later")
      client.send(FrameClient.data, 1, 1, FrameClient.message([1, 2, 3]))
      let found = try client.answer(on: 1)?.body
      #expect(found == String(decoding: FrameClient.message([1, 2, 3]), as: UTF8.self))
    }
  }

  @Test("calls that cannot be are refused by trailers alone")
  func refusals() async throws {
    try await talk { client in
      client.call(1, "/a.B/Missing")
      client.call(3, "/a.B/Echo", [("grpc-encoding", "snappy")])
      client.request(5, FrameClient.request("POST", "/a.B/Echo", [("content-type", "application/grpc")]))
      client.call(7, "/a.B/Echo", [("grpc-timeout", "5x")])
      client.call(9, "/a.B/Dropped")
      for stream in [UInt32(1), 3, 5, 7, 9] {
        let head = try client.next(FrameClient.headers, on: stream)
        #expect(head?.payload.first == 0x88 && head?.isLast == true, "stream \(stream)")
      }
    }
  }

  @Test func otherContentTypesAreNoCalls() async throws {
    try await talk { client in
      client.request(1, FrameClient.request("POST", "/x", [("content-type", "application/json")]))
      try client.expect(1, "POST /x ")
      let head = [("content-type", "application/grpc-web"), ("te", "trailers")]
      client.request(3, FrameClient.request("POST", "/x", head))
      let refused = try client.answer(on: 3)
      #expect(refused?.first != 0x88 && refused?.body.contains("content type") == true)
    }
  }

  @Test func aResetCancelsItsCallAlone() async throws {
    let handler = CallHandler()
    try await talk(handler) { client in
      client.call(1, "/a.B/Hang")
      client.call(3, "/a.B/Echo")
      client.send(FrameClient.reset, 0, 1, FrameClient.big(UInt32(8)))
      client.send(FrameClient.data, 1, 3, FrameClient.message([1]))
      let answer = try client.answer(on: 3)
      #expect(answer?.first == 0x88)
      #expect(handler.cancelled.withLock { $0 } == ["/a.B/Hang"])
      #expect(handler.calls.withLock { $0.map(\.isCancelled) } == [true, false])
    }
  }

  @Test func theEndOfTheConnectionCancelsAllCalls() async throws {
    let handler = CallHandler()
    try await talk(handler) { client in
      client.call(1, "/a.B/Hang")
      client.call(3, "/a.B/Hang")
      client.call(5, "/a.B/Echo", ends: true)
      _ = try client.answer(on: 5)
      client.socket.shutdownSending()
      _ = try client.rest()
    }
    #expect(handler.cancelled.withLock { $0.count } == 2)
  }

  @Test func aDeadlineIsAnsweredAndCancels() async throws {
    let handler = CallHandler()
    try await talk(handler) { client in
      client.call(1, "/a.B/Hang", [("grpc-timeout", "20m")], ends: true)
      let trailers = try client.next(FrameClient.headers, on: 1)
      #expect(trailers?.payload.first == 0x88 && trailers?.isLast == true)
      #expect(handler.cancelled.withLock { $0.count } == 1)
      #expect(handler.calls.withLock { $0.first?.deadline } != nil)
    }
  }

  @Test func messagesAreBounded() async throws {
    let handler = CallHandler()
    var limits = GRPCLimits()
    limits.receiveMessageBytes = 1000
    limits.sendMessageBytes = 900
    try await talk(handler, grpcLimits: limits) { client in
      // Refused by its prefix, before anything of it has come.
      client.call(1, "/a.B/Echo")
      client.send(FrameClient.data, 0, 1, [0, 0, 0, 3, 0xE9])
      let head = try client.next(FrameClient.headers, on: 1)
      #expect(head?.isLast == true)
      let reset = try client.next(FrameClient.reset, on: 1)
      #expect(reset?.code == 0)
      // May come, but must not go.
      client.call(3, "/a.B/Echo")
      client.send(FrameClient.data, 1, 3, FrameClient.message(Bytes(repeating: 1, count: 1000)))
      let second = try client.next(FrameClient.headers, on: 3)
      #expect(second?.isLast == true)
      #expect(handler.received.withLock { $0 } == [1000])
    }
  }

  @Test func nonsenseEndsItsCallAlone() async throws {
    let handler = CallHandler()
    try await talk(handler) { client in
      // A flag that is none, a message that is cut off, a compressed one without an encoding, broken gzip.
      client.call(1, "/a.B/Echo")
      client.send(FrameClient.data, 1, 1, [2, 0, 0, 0, 0])
      client.call(3, "/a.B/Echo")
      client.send(FrameClient.data, 1, 3, [0, 0, 0, 0, 9, 1])
      client.call(5, "/a.B/Echo")
      client.send(FrameClient.data, 1, 5, FrameClient.message([1], isCompressed: true))
      client.call(7, "/a.B/Echo", [("grpc-encoding", "gzip")])
      client.send(FrameClient.data, 1, 7, FrameClient.message([1, 2, 3], isCompressed: true))
      for stream in [UInt32(1), 3, 5, 7] {
        let head = try client.next(FrameClient.headers, on: stream)
        #expect(head?.payload.first == 0x88 && head?.isLast == true, "stream \(stream)")
      }
      client.call(9, "/a.B/Echo")
      client.send(FrameClient.data, 1, 9, FrameClient.message([9]))
      let answer = try client.answer(on: 9)
      #expect(answer?.body.utf8.count == 6)
      #expect(handler.received.withLock { $0 } == [1])
    }
  }

  @Test func aMessageThatUnpacksToTooMuchIsRefused() async throws {
    let handler = CallHandler()
    var limits = GRPCLimits()
    limits.receiveMessageBytes = 1000
    try await talk(handler, grpcLimits: limits) { client in
      client.call(1, "/a.B/Echo", [("grpc-encoding", "gzip")])
      client.send(FrameClient.data, 1, 1, FrameClient.message(gzipOfZeros100KiB, isCompressed: true))
      let head = try client.next(FrameClient.headers, on: 1)
      #expect(head?.isLast == true)
      #expect(handler.received.withLock { $0.isEmpty })
    }
    try await talk(handler) { client in
      let gzip = [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "identity, gzip")]
      client.call(1, "/a.B/Echo", gzip)
      client.send(FrameClient.data, 1, 1, FrameClient.message(gzipOfZeros100KiB, isCompressed: true))
      let data = try client.next(FrameClient.data, on: 1)
      // Compressed as the client does it.
      #expect(data?.payload.first == 1 && (data?.payload.count ?? .max) < 1000)
      #expect(handler.received.withLock { $0 } == [100 << 10])
    }
  }

  @Test func aClientThatDoesNotReadIsNotReadEither() async throws {
    let handler = CallHandler()
    // No window for answers at all.
    try await talk(handler, settings: [(4, 0)]) { client in
      client.call(1, "/a.B/Echo")
      let message = FrameClient.message(Bytes(repeating: 1, count: 8000))
      // Far more than its mark and its own window together.
      for _ in 0..<32 { client.send(FrameClient.data, 0, 1, message) }
      client.call(3, "/a.B/Missing")
      _ = try client.next(FrameClient.headers, on: 3)
      let taken = handler.received.withLock { $0.count }
      #expect(taken >= 8 && taken < 20)
      client.send(FrameClient.windowUpdate, 0, 1, FrameClient.big(UInt32(1 << 20)))
      client.send(FrameClient.windowUpdate, 0, 0, FrameClient.big(UInt32(1 << 20)))
      client.send(FrameClient.data, 1, 1)
      let answer = try client.answer(on: 1)
      #expect(answer?.body.utf8.count == 32 * 8005)
    }
  }

  @Test func aDrainEndsCallsThatGoOnAndOn() async throws {
    var limits = HTTPServerLimits()
    limits.drainingRequestTimeout = .milliseconds(50)
    let group = try EventLoopGroup(loops: 1, name: "test")
    let handler = CallHandler()
    let server = HTTPServer(
      group: group, limits: limits, handler: .buffered(EchoHandler()), grpc: handler)
    let address = try server.listen([loopback])[0]
    let begun = Signal()
    let client = Task {
      try await onThread { () -> Bool? in
        let client = try FrameClient(address)
        client.call(1, "/a.B/Echo")
        client.send(FrameClient.data, 0, 1, FrameClient.message([1]))
        _ = try client.next(FrameClient.data, on: 1)
        begun.fire()
        _ = try client.next(FrameClient.headers, on: 1)
        return try client.next(FrameClient.headers, on: 1)?.isLast
      }
    }
    await begun.wait()
    await server.drain(timeout: .seconds(30))
    let ended = try await client.value
    #expect(ended == true)
    #expect(handler.cancelled.withLock { $0.count } == 1)
    await group.shutdown()
  }
}

/// Echoes messages; paths choose other behaviours.
private final class CallHandler: GRPCHandler {
  let cancelled = Mutex<[String]>([])
  let received = Mutex<[Int]>([])
  let calls = Mutex<[GRPCCall]>([])

  func begin(_ call: GRPCCall) -> (any GRPCReceiver)? {
    if call.path == "/a.B/Missing" { return nil }
    if call.path == "/a.B/Dropped" { return Forgetful() }
    calls.withLock { $0.append(call) }
    return Receiver(self, call)
  }

  private final class Receiver: GRPCReceiver {
    private let handler: CallHandler
    private let call: GRPCCall

    init(_ handler: CallHandler, _ call: GRPCCall) {
      self.handler = handler
      self.call = call
    }

    func received(_ message: UnsafeRawBufferPointer) {
      handler.received.withLock { $0.append(message.count) }
      if call.path == "/a.B/Echo" { call.send(message) }
      if call.path == "/a.B/Later" {
        let answer = Bytes(message)
        let call = call
        #expect(throws: Never.self) { try NamedThread.start("later") { call.respond(answer) } }
      }
    }

    func ended() { if call.path == "/a.B/Echo" { call.finish(.ok, metadata: ["x-trailer": "1"]) } }
    func cancelled() { handler.cancelled.withLock { $0.append(call.path) } }
  }

  /// Lets its call go at once.
  private final class Forgetful: GRPCReceiver {
    func received(_ message: UnsafeRawBufferPointer) {}
    func ended() {}
    func cancelled() {}
  }
}

/// 100 KiB of zeros, packed.
private let gzipOfZeros100KiB: Bytes = [
  31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 1, 1, 0, 0,
  0, 130, 32, 255, 175, 110, 72, 64, 1, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 124, 24, 97, 133, 248,
  74, 0, 144, 1, 0,
]
