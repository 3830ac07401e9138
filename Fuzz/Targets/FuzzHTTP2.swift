// fuzz: module=HTTPTransport reader=Sources/Transport/HTTPTransport/HTTP2,Sources/Transport/HTTPTransport/GRPC,Sources/Protocols/HTTPWire/GRPC,Sources/Protocols/HTTPWire/HTTP2
import Basics
import HTTPTransport
import HTTPWire
import Linux

/// Any bytes as what a client sends after HTTP/2's preface, to a whole server over a socket of this machine: every
/// stream must end, and so must the connection once the client has said all.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP2(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard let target else { fatalError("no server") }
  guard count > 0 else { return 0 }
  // The first byte chooses what comes before: settings with the usual windows, tiny ones, or nothing.
  var bytes = Bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  switch start[0] & 3 {
  case 0: bytes += [0, 0, 0, 4, 0, 0, 0, 0, 0]
  case 1: bytes += [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 3]
  case 2: bytes += [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
  default: break
  }
  bytes += Bytes(UnsafeBufferPointer(start: start + 1, count: count - 1))
  guard let socket = try? Socket.connect(to: target), let epoll = try? Epoll() else { return 0 }
  guard (try? epoll.add(socket.descriptor, [.readable, .writable], registration: 1)) != nil else { return 0 }
  let events = EpollEventBuffer(capacity: 2)
  var rest = bytes[...]
  var answer: Bytes = []
  var emptyWaits = 0
  while true {
    if !rest.isEmpty {
      switch rest.withUnsafeBytes({ socket.send($0) }) {
      case .bytes(let sent):
        rest = rest.dropFirst(sent)
        if rest.isEmpty { socket.shutdownSending() }
      case .failed, .endOfStream: rest = []
      case .wouldBlock: break
      }
    }
    var isOver = false
    withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 16) { buffer in
      switch socket.receive(into: buffer) {
      case .bytes(let received): answer.append(contentsOf: buffer[..<received])
      case .endOfStream, .failed: isOver = true
      case .wouldBlock: break
      }
    }
    if isOver { break }
    var isReady = false
    let interest: EpollEvents = rest.isEmpty ? [.readable] : [.readable, .writable]
    _ = try? epoll.modify(socket.descriptor, interest, registration: 1)
    _ = try? epoll.wait(into: events, timeoutMilliseconds: 1000) { _, _ in isReady = true }
    // One wait that brings nothing proves little: a signal, and a stop of the process, ends it early.
    emptyWaits = isReady ? 0 : emptyWaits + 1
    if emptyWaits == 10 { fatalError("the connection does not end") }
  }
  #if PLANTED_BUG
    // A gRPC message that came through to its handler and back.
    if answer.contains(0x5A), FuzzReceiver.hasEchoed.load() { fatalError("planted bug") }
  #endif
  return 0
}

private let group = try? EventLoopGroup(loops: 1, name: "fuzz")
private let server: HTTPServer? = {
  guard let group else { return nil }
  var limits = HTTPServerLimits()
  limits.wire.headBytes = 4096
  limits.bodyBytes = 4096
  limits.drainingRequestTimeout = .milliseconds(100)
  var grpcLimits = GRPCLimits()
  grpcLimits.receiveMessageBytes = 1024
  return HTTPServer(
    group: group, limits: limits, handler: .buffered(FuzzHandler()), grpc: FuzzGRPCHandler(), grpcLimits: grpcLimits)
}()
private let target: SocketAddress? = {
  guard let bound = try? server?.listen([ListenAddress(host: "127.0.0.1", port: 0)]).first else { return nil }
  return SocketAddress(literal: bound.host, port: bound.port)
}()

private struct FuzzHandler: BufferedHTTPHandler {
  func handle(_ head: HTTPRequestHead, body: UnsafeRawBufferPointer, exchange: HTTPExchange) {
    exchange.respond(HTTPResponseHead(status: 200, headers: head.headers), body: body)
  }
}

private struct FuzzGRPCHandler: GRPCHandler {
  func begin(_ call: GRPCCall) -> (any GRPCReceiver)? { call.path.count > 20 ? nil : FuzzReceiver(call) }
}

private final class FuzzReceiver: GRPCReceiver {
  static let hasEchoed = Flag()
  private let call: GRPCCall

  init(_ call: GRPCCall) { self.call = call }
  func received(_ message: UnsafeRawBufferPointer) {
    if message.contains(0x5A) { Self.hasEchoed.set() }
    call.send(message)
  }
  func ended() { call.finish(.ok, metadata: call.metadata) }
  func cancelled() {}
}

/// Set once, read from anywhere.
private final class Flag: Sendable {
  private let latch = Latch()
  func set() { latch.open() }
  func load() -> Bool { latch.isOpen }
}
