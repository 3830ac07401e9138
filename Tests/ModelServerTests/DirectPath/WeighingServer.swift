import Basics
import HTTPTransport
import Linux
import ModelRuntime
import ModelServer

/// A server for one `WeighingModel` named `m` on a free loopback port.
final class WeighingServer: Sendable {
  let group: EventLoopGroup
  let handler: ModelServer
  let repository: ModelRepository
  let address: ListenAddress
  private let server: HTTPServer

  init(_ model: WeighingModel, answersDirectly: Bool, settings: ModelSettings = ModelSettings()) throws {
    repository = ModelRepository(metricShards: 2, settings: settings) { _ throws(ModelLoadError) in model }
    try repository.load("m")
    let metrics = ServerMetrics(loops: 1)
    handler = ModelServer(
      ServingContext(
        repository: repository, scheduler: InferenceScheduler(loops: 1, repository: repository),
        metrics: metrics, loops: 1, options: ServingContext.Options(version: "test")),
      answersDirectly: answersDirectly)
    group = try EventLoopGroup(loops: 1, name: "direct")
    server = HTTPServer(group: group, handler: .buffered(handler))
    address = try server.listen([ListenAddress(host: "127.0.0.1", port: 0)])[0]
  }

  func shutDown() async {
    await server.drain(timeout: .seconds(5))
    await group.shutdown()
  }
}

/// One connection, used by blocking calls of one thread.
final class BlockingClient {
  private let socket: Socket
  private let epoll: Epoll
  private let events = EpollEventBuffer(capacity: 4)
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)

  init(_ address: ListenAddress) throws {
    guard let target = SocketAddress(literal: address.host, port: address.port) else {
      throw LinuxError.addressNotAvailable("connect", address.description)
    }
    socket = try Socket.connect(to: target)
    epoll = try Epoll()
    try epoll.add(socket.descriptor, [.writable], registration: 1)
    try wait(.writable)
  }

  deinit { buffer.deallocate() }

  private func wait(_ events: EpollEvents) throws {
    try epoll.modify(socket.descriptor, events, registration: 1)
    try epoll.wait(into: self.events, timeoutMilliseconds: 10_000) { _, _ in }
  }

  func send(_ bytes: Bytes) throws {
    var offset = 0
    while offset < bytes.count {
      switch bytes.withUnsafeBytes({ socket.send(UnsafeRawBufferPointer(rebasing: $0[offset...])) }) {
      case .bytes(let count): offset += count
      case .wouldBlock: try wait(.writable)
      case .failed(let error): throw error
      case .endOfStream: return
      }
    }
  }

  /// One answer: its head without the date, and its body.
  func receive() throws -> (head: String, body: String) {
    var received = Bytes()
    while true {
      if let answer = Self.split(received) { return answer }
      switch socket.receive(into: buffer) {
      case .bytes(let count): received += buffer[..<count]
      case .wouldBlock: try wait(.readable)
      case .failed(let error): throw error
      case .endOfStream: return (String(decoding: received, as: UTF8.self), "")
      }
    }
  }

  /// Whatever has come.
  func receiveText() throws -> String {
    while true {
      switch socket.receive(into: buffer) {
      case .bytes(let count): return String(decoding: buffer[..<count], as: UTF8.self)
      case .wouldBlock: try wait(.readable)
      case .failed(let error): throw error
      case .endOfStream: return ""
      }
    }
  }

  private static func split(_ bytes: Bytes) -> (String, String)? {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.utf8.firstRange(of: "\r\n\r\n".utf8) else { return nil }
    let lines = text[..<end.lowerBound].split(separator: "\r\n").filter { !$0.hasPrefix("Date: ") }
    let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
    let body = text.utf8[end.upperBound...]
    guard body.count >= length else { return nil }
    return (lines.joined(separator: "\n"), String(body.prefix(length)) ?? "")
  }

  func ask(_ bytes: Bytes) throws -> (head: String, body: String) {
    try send(bytes)
    return try receive()
  }
}

enum DirectRequests {
  static func post(_ target: String, _ body: String, fields: String = "") -> Bytes {
    Bytes(
      ("POST \(target) HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\(fields)"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
  }
}
