import Basics
import HTTPTransport
import Linux
import Testing

/// An HTTP/2 client that sends just the frames it is given. Its calls block: run them by `onThread`.
final class FrameClient {
  struct Frame: CustomStringConvertible {
    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: Bytes

    var isLast: Bool { flags & 1 != 0 }
    /// The error code of RST_STREAM and GOAWAY.
    var code: UInt32 {
      let offset = type == FrameClient.goAway ? 4 : 0
      guard payload.count >= offset + 4 else { return .max }
      return payload[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }
    var description: String { "frame(\(type) flags \(flags) stream \(stream) \(payload.count) bytes)" }
  }

  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let priority: UInt8 = 2
  static let reset: UInt8 = 3
  static let settings: UInt8 = 4
  static let ping: UInt8 = 6
  static let goAway: UInt8 = 7
  static let windowUpdate: UInt8 = 8
  static let continuation: UInt8 = 9

  let socket: Socket
  private let epoll: Epoll
  private let events = EpollEventBuffer(capacity: 4)
  private var received = Bytes()
  private var kept: [Frame] = []
  /// The server has closed.
  private(set) var isOver = false

  /// - Parameter settings: pairs of identifier and value; nil to send no preface at all.
  init(_ address: ListenAddress, settings: [(UInt16, UInt32)]? = []) throws {
    guard let target = SocketAddress(literal: address.host, port: address.port) else {
      throw LinuxError.addressNotAvailable("connect", address.description)
    }
    socket = try Socket.connect(to: target)
    epoll = try Epoll()
    try epoll.add(socket.descriptor, [.readable, .writable], registration: 1)
    try epoll.wait(into: events, timeoutMilliseconds: 10_000) { _, _ in }
    guard let settings else { return }
    send(Bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8))
    var payload: Bytes = []
    for (identifier, value) in settings { payload += Self.big(identifier) + Self.big(value) }
    send(Self.settings, 0, 0, payload)
    // Only from then on do the server's own settings hold.
    if try next(where: { $0.type == Self.settings && !$0.isLast }) != nil { send(Self.settings, 1, 0) }
  }

  // MARK: sending

  /// What the server does not take any more is lost.
  func send(_ bytes: Bytes) {
    var rest = bytes[...]
    while !rest.isEmpty, !isOver {
      switch rest.withUnsafeBytes({ socket.send($0) }) {
      case .bytes(let count): rest = rest.dropFirst(count)
      case .wouldBlock:
        // A server that answers floods must be read.
        if (try? wait([.readable, .writable])) == nil { isOver = true }
        _ = receive()
      case .failed, .endOfStream: isOver = true
      }
    }
  }

  func send(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: Bytes = []) {
    send(Self.frame(type, flags, stream, payload))
  }

  static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: Bytes = []) -> Bytes {
    Bytes(big(UInt32(payload.count)).dropFirst()) + [type, flags] + big(stream) + payload
  }

  static func big(_ value: some FixedWidthInteger) -> Bytes {
    withUnsafeBytes(of: value.bigEndian) { Bytes($0) }
  }

  /// Header fields as literals that no table keeps.
  static func block(_ fields: [(String, String)]) -> Bytes {
    fields.flatMap { [0] + text($0.0) + text($0.1) }
  }

  /// A string literal of HPACK, without Huffman coding.
  static func text(_ value: String) -> Bytes {
    let bytes = Bytes(value.utf8)
    if bytes.count < 127 { return [UInt8(bytes.count)] + bytes }
    var rest = bytes.count - 127
    var length: Bytes = [127]
    while rest >= 128 {
      length.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return length + [UInt8(rest)] + bytes
  }

  static func request(
    _ method: String = "GET", _ path: String = "/", _ more: [(String, String)] = []
  ) -> [(String, String)] {
    [(":method", method), (":scheme", "http"), (":authority", "x"), (":path", path)] + more
  }

  static func requestFrame(
    _ stream: UInt32, _ fields: [(String, String)] = request(), ends: Bool = true
  ) -> Bytes {
    frame(headers, ends ? 5 : 4, stream, block(fields))
  }

  func request(_ stream: UInt32, _ fields: [(String, String)] = request(), ends: Bool = true) {
    send(Self.requestFrame(stream, fields, ends: ends))
  }

  func call(_ stream: UInt32, _ path: String, _ more: [(String, String)] = [], ends: Bool = false) {
    let own = [("content-type", "application/grpc"), ("te", "trailers")]
    request(stream, Self.request("POST", path, own + more), ends: ends)
  }

  static func message(_ bytes: Bytes, isCompressed: Bool = false) -> Bytes {
    [isCompressed ? 1 : 0] + big(UInt32(bytes.count)) + bytes
  }

  // MARK: receiving

  private func nextReceived() throws -> Frame? {
    while true {
      if received.count >= 9 {
        let length = received[..<3].reduce(0) { $0 << 8 | Int($1) }
        if received.count >= 9 + length {
          let stream = received[5..<9].reduce(0) { $0 << 8 | UInt32($1) }
          let frame = Frame(
            type: received[3], flags: received[4], stream: stream & 0x7FFF_FFFF,
            payload: Bytes(received[9..<(9 + length)]))
          received.removeFirst(9 + length)
          return frame
        }
      }
      if isOver { return nil }
      if !receive() { try wait([.readable]) }
    }
  }

  /// The first frame not yet handed out that fits; the others are kept. Nil once the server has closed.
  func next(where fits: (Frame) -> Bool) throws -> Frame? {
    if let index = kept.firstIndex(where: fits) { return kept.remove(at: index) }
    while let frame = try nextReceived() {
      if fits(frame) { return frame }
      kept.append(frame)
    }
    return nil
  }

  func next(_ type: UInt8, on stream: UInt32? = nil) throws -> Frame? {
    try next { $0.type == type && (stream == nil || $0.stream == stream) }
  }

  /// All frames until the server closes.
  func rest() throws -> [Frame] {
    while let frame = try nextReceived() { kept.append(frame) }
    return kept
  }

  /// A stream's answer: its first header block's first byte (0x88 is status 200), and its body; nil where the
  /// stream was reset or the server has closed.
  func answer(on stream: UInt32) throws -> (first: UInt8, body: String)? {
    var first: UInt8?
    var body: Bytes = []
    while let frame = try next(where: { $0.stream == stream && $0.type != Self.windowUpdate }) {
      if frame.type == Self.reset { return nil }
      if frame.type == Self.headers, first == nil { first = frame.payload.first }
      if frame.type == Self.data { body += frame.payload }
      if frame.isLast { return (first ?? 0, String(decoding: body, as: UTF8.self)) }
    }
    return nil
  }

  func expect(_ stream: UInt32, _ body: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let found = try answer(on: stream)
    #expect(found?.first == 0x88 && found?.body == body, sourceLocation: sourceLocation)
  }

  /// - Parameter status: as a single byte of HPACK.
  func expect(
    _ stream: UInt32, status: UInt8, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = try answer(on: stream)
    #expect(found?.first == status, sourceLocation: sourceLocation)
  }

  /// - Returns: false where nothing was there.
  private func receive() -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 16) { buffer in
      switch socket.receive(into: buffer) {
      case .bytes(let count):
        received.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return true
      case .endOfStream, .failed:
        isOver = true
        return true
      case .wouldBlock: return false
      }
    }
  }

  private func wait(_ interest: EpollEvents) throws {
    try epoll.modify(socket.descriptor, interest, registration: 1)
    var isReady = false
    try epoll.wait(into: events, timeoutMilliseconds: 20_000) { _, _ in isReady = true }
    if !isReady { throw RawClient.TookTooLong() }
  }
}
