import Basics
import HTTPTransport
import HTTPWire
import Synchronization
import Testing

/// Calls that are answered where their message lies, beside ordinary ones on the same connection.
@Suite(.timeLimit(.minutes(2))) struct DirectCallTests {
  private func talk(
    _ handler: DirectHandler, limits: HTTPServerLimits = .init(), settings: [(UInt16, UInt32)] = [],
    _ body: @escaping @Sendable (FrameClient) throws -> Void
  ) async throws {
    let group = try EventLoopGroup(loops: 1, name: "test")
    let server = HTTPServer(group: group, limits: limits, handler: .buffered(EchoHandler()), grpc: handler)
    let address = try server.listen([loopback])[0]
    let result = try await onThread { Result { try body(try FrameClient(address, settings: settings)) } }
    await server.drain(timeout: .zero)
    await group.shutdown()
    try result.get()
  }

  private static let path = "/a.B/Direct"

  private static func headFrame(_ stream: UInt32, _ more: [(String, String)] = []) -> Bytes {
    let own = [("content-type", "application/grpc"), ("te", "trailers")]
    return FrameClient.requestFrame(stream, FrameClient.request("POST", path, own + more), ends: false)
  }

  private static func callFrames(_ stream: UInt32, _ message: Bytes, ends: Bool = true) -> Bytes {
    headFrame(stream)
      + FrameClient.frame(FrameClient.data, ends ? 1 : 0, stream, FrameClient.message(message))
  }

  private static func answer(_ message: Bytes) -> String {
    String(decoding: FrameClient.message(message), as: UTF8.self)
  }

  @Test func wholeCallsOfAKnownHeadAreAnsweredDirectly() async throws {
    let handler = DirectHandler()
    try await talk(handler) { client in
      // The first head is unknown: an ordinary call.
      client.send(Self.callFrames(1, [1]))
      try client.expect(1, Self.answer([1]))
      let all = (1..<60).flatMap { Self.callFrames(UInt32(2 * $0 + 1), [UInt8($0)]) }
      client.send(all)
      for index in UInt32(1)..<60 { try client.expect(2 * index + 1, Self.answer([UInt8(index)])) }
      client.request(201)
      try client.expect(201, "GET / ")
    }
    #expect(handler.direct.withLock { $0 } >= 50)
    #expect(handler.ordinary.withLock { $0 } >= 1)
  }

  @Test func callsInPiecesAreAnsweredAllTheSame() async throws {
    let handler = DirectHandler()
    try await talk(handler) { client in
      client.send(Self.callFrames(1, [1]))
      try client.expect(1, Self.answer([1]))
      let message = FrameClient.message(Bytes(repeating: 9, count: 40))
      // The head alone, then a part of the message, then its rest without an end, then the end.
      client.send(Self.headFrame(3))
      client.send(FrameClient.ping, 0, 0, Bytes(repeating: 0, count: 8))
      _ = try client.next(FrameClient.ping)
      client.send(FrameClient.data, 0, 3, Bytes(message[..<20]))
      client.send(FrameClient.data, 0, 3, Bytes(message[20...]))
      client.send(FrameClient.data, 1, 3)
      try client.expect(3, Self.answer(Bytes(repeating: 9, count: 40)))
      // A whole message whose call ends later.
      client.send(Self.callFrames(5, [5], ends: false))
      _ = try client.next(FrameClient.data, on: 5)
      client.send(FrameClient.data, 1, 5)
      // Two messages in one turn: the first is answered, the second has no reader.
      let two = FrameClient.message([1]) + FrameClient.message([2])
      client.send(Self.headFrame(7) + FrameClient.frame(FrameClient.data, 1, 7, two))
      #expect(try client.answer(on: 7) != nil)
      // No message at all.
      client.send(Self.headFrame(9) + FrameClient.frame(FrameClient.data, 1, 9))
      #expect(try client.answer(on: 9)?.body == "")
      client.send(Self.callFrames(11, [11]))
      try client.expect(11, Self.answer([11]))
    }
  }

  @Test func answersWaitForAClientWithoutAWindow() async throws {
    let handler = DirectHandler()
    // SETTINGS_INITIAL_WINDOW_SIZE
    try await talk(handler, settings: [(4, 3)]) { client in
      client.send(Self.callFrames(1, [1]))
      client.send(FrameClient.windowUpdate, 0, 1, FrameClient.big(UInt32(100)))
      try client.expect(1, Self.answer([1]))
      client.send(Self.callFrames(3, [3, 3]) + Self.callFrames(5, [5, 5]))
      for stream: UInt32 in [5, 3] {
        let first = try client.next(FrameClient.data, on: stream)
        #expect(first?.payload == [0, 0, 0])
        client.send(FrameClient.windowUpdate, 0, stream, FrameClient.big(UInt32(100)))
        let rest = try client.next(FrameClient.data, on: stream)
        #expect(rest?.payload == [0, 2, UInt8(stream), UInt8(stream)])
      }
    }
  }

  @Test func callsThatTheClientTakesBackLeaveNothing() async throws {
    let handler = DirectHandler()
    try await talk(handler) { client in
      client.send(Self.callFrames(1, [1]))
      try client.expect(1, Self.answer([1]))
      let cancel = FrameClient.big(UInt32(8))
      // Before its message, after it, and with its end.
      client.send(Self.headFrame(3) + FrameClient.frame(FrameClient.reset, 0, 3, cancel))
      client.send(Self.callFrames(5, [5], ends: false) + FrameClient.frame(FrameClient.reset, 0, 5, cancel))
      client.send(Self.callFrames(7, [7]) + FrameClient.frame(FrameClient.reset, 0, 7, cancel))
      client.send(Self.callFrames(9, [9]))
      try client.expect(9, Self.answer([9]))
    }
  }

  @Test func whatIsNotPlainIsAnOrdinaryCall() async throws {
    let handler = DirectHandler()
    try await talk(handler) { client in
      for (stream, more) in [(1, []), (3, [("grpc-timeout", "5x")]), (5, [("grpc-timeout", "9S")])]
        as [(UInt32, [(String, String)])]
      {
        client.send(
          Self.headFrame(stream, more)
            + FrameClient.frame(FrameClient.data, 1, stream, FrameClient.message([7])))
      }
      try client.expect(1, Self.answer([7]))
      #expect(try client.answer(on: 3)?.body == "")
      try client.expect(5, Self.answer([7]))
      // The handler leaves it.
      client.send(Self.callFrames(7, Bytes("no".utf8)))
      try client.expect(7, Self.answer(Bytes("no".utf8)))
      // A compression flag, of a call that has no encoding.
      let packed = FrameClient.message([1], isCompressed: true)
      client.send(Self.headFrame(9) + FrameClient.frame(FrameClient.data, 1, 9, packed))
      #expect(try client.answer(on: 9)?.body == "")
    }
  }
}

/// Echoes one message, directly where it may.
private final class DirectHandler: GRPCHandler {
  let direct = Mutex(0)
  let ordinary = Mutex(0)

  var directPath: String? { "/a.B/Direct" }

  func answerDirectly(
    _ message: UnsafeRawBufferPointer, loop: Int, into answer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    if message.elementsEqual("no".utf8) || message.count > answer.count { return nil }
    direct.withLock { $0 += 1 }
    answer.copyMemory(from: message)
    return message.count
  }

  func begin(_ call: GRPCCall) -> (any GRPCReceiver)? {
    ordinary.withLock { $0 += 1 }
    return Receiver(call)
  }

  private final class Receiver: GRPCReceiver {
    private let call: GRPCCall
    init(_ call: GRPCCall) { self.call = call }
    func received(_ message: UnsafeRawBufferPointer) { call.respond(Bytes(message)) }
    func ended() { call.finish(GRPCStatus(.internal, "no message came")) }
    func cancelled() {}
  }
}
