import Basics
import HTTPTransport
import HTTPWire
import Linux
import Synchronization
import Testing

let loopback = ListenAddress(host: "127.0.0.1", port: 0)

/// Runs `body` against a server with the handler, and takes everything down again.
func withServer<Value>(
  _ handler: HTTPServerHandler, limits: HTTPServerLimits = .init(), tls: TLSServerContext? = nil,
  loops: Int = 2,
  _ body: (ListenAddress, EventLoopGroup, HTTPServer) async throws -> Value
) async throws -> Value {
  let group = try EventLoopGroup(loops: loops, name: "test")
  let server = HTTPServer(group: group, limits: limits, tls: tls, handler: handler)
  let address = try server.listen([loopback])[0]
  do {
    let value = try await body(address, group, server)
    await server.drain(timeout: .zero)
    await group.shutdown()
    return value
  } catch {
    await server.drain(timeout: .zero)
    await group.shutdown()
    throw error
  }
}

/// Answers with method, target and body; targets choose other behaviours.
struct EchoHandler: BufferedHTTPHandler {
  func handle(_ head: HTTPRequestHead, body: UnsafeRawBufferPointer, exchange: HTTPExchange) {
    let text = "\(head.method) \(head.target) \(String(decoding: body, as: UTF8.self))"
    switch head.path {
    case "/later":
      let answer = Bytes(text.utf8)
      do {
        try NamedThread.start("later") { exchange.respond(HTTPResponseHead(status: 200), body: answer) }
      } catch {
        exchange.respond(HTTPResponseHead(status: 500), body: [])
      }
    case "/dropped": break
    case "/chunks":
      exchange.sendHead(HTTPResponseHead(status: 200))
      exchange.sendBody(Bytes("one".utf8))
      exchange.sendBody(Bytes("three".utf8))
      exchange.finish()
    case "/short":
      exchange.sendHead(HTTPResponseHead(status: 200, headers: ["Content-Length": "10"]))
      exchange.sendBody(Bytes("one".utf8))
      exchange.finish()
    case "/empty": exchange.respond(HTTPResponseHead(status: 204), body: Bytes("ignored".utf8))
    case "/close": exchange.respond(HTTPResponseHead(status: 200, headers: ["Connection": "close"]), body: [])
    case "/large":
      exchange.respond(HTTPResponseHead(status: 200), body: Bytes(repeating: 120, count: 4 << 20))
    default: Bytes(text.utf8).withUnsafeBytes { exchange.respond(HTTPResponseHead(status: 200), body: $0) }
    }
  }
}

/// An async handler made of a closure.
struct ClosureHandler: AsyncHTTPHandler {
  let body: @Sendable (AsyncHTTPRequest) async -> AsyncHTTPResponse

  init(_ body: @escaping @Sendable (AsyncHTTPRequest) async -> AsyncHTTPResponse) { self.body = body }

  func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse { await body(request) }
}

extension ClosureHandler {
  /// Answers "hello" and nothing more.
  /// - Parameter ended: fires when nobody reads the answer any longer.
  static func helloThenSilence(ended: Signal) -> ClosureHandler {
    ClosureHandler { _ in
      let (stream, feed) = AsyncThrowingStream<Bytes, any Error>.makeStream()
      feed.onTermination = { _ in ended.fire() }
      feed.yield(Bytes("hello".utf8))
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .stream(stream))
    }
  }
}

/// Something that a test waits for.
final class Signal: Sendable {
  private struct State {
    var count = 0
    var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  func fire() {
    let ready = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.count += 1
      let count = state.count
      let ready = state.waiters.filter { $0.count <= count }.map(\.continuation)
      state.waiters.removeAll { $0.count <= count }
      return ready
    }
    for waiter in ready { waiter.resume() }
  }

  var count: Int { state.withLock { $0.count } }

  func wait(_ count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isReady = state.withLock { state -> Bool in
        if state.count >= count { return true }
        state.waiters.append((count, continuation))
        return false
      }
      if isReady { continuation.resume() }
    }
  }
}
