public import Basics

/// A whole message of a WebSocket, or one of its control frames.
public enum WebSocketMessage: Sendable, Hashable {
  case text(Bytes)
  case binary(Bytes)
  case ping(Bytes)
  case pong(Bytes)
  /// With the status code where one was given.
  case close(UInt16?)
}

/// What a peer did wrong; the connection ends with the code.
public struct WebSocketError: Error, Sendable, Hashable, CustomStringConvertible {
  public let code: UInt16
  public let description: String

  public static func malformed(_ why: String) -> WebSocketError {
    WebSocketError(code: 1002, description: why)
  }
  public static let tooLong = WebSocketError(code: 1009, description: "the message is too long")
}

/// Reads what a client sends on a WebSocket (RFC 6455 §5): masked frames, put together to messages.
public struct WebSocketParser: Sendable {
  private let maximumBytes: Int
  private var buffer: Bytes = []
  private var message: Bytes = []
  /// Of the message that is being put together.
  private var messageCode: UInt8 = 0

  private enum Code {
    static let continuation: UInt8 = 0
    static let text: UInt8 = 1
    static let binary: UInt8 = 2
    static let close: UInt8 = 8
    static let ping: UInt8 = 9
    static let pong: UInt8 = 10
  }

  /// - Parameter maximumBytes: of a message; also bounds what is kept here.
  public init(maximumBytes: Int = 1 << 20) { self.maximumBytes = maximumBytes }

  public mutating func append(_ bytes: Bytes) { buffer.append(contentsOf: bytes) }

  /// The next message; nil where more bytes are needed.
  public mutating func next() throws(WebSocketError) -> WebSocketMessage? {
    while let frame = try takeFrame() {
      if frame.code >= 8 { return try control(frame) }
      if frame.code == Code.continuation {
        guard messageCode != 0 else { throw .malformed("a continuation of no message") }
      } else {
        guard messageCode == 0 else { throw .malformed("a message begins within another") }
        guard frame.code == Code.text || frame.code == Code.binary else {
          throw .malformed("opcode \(frame.code) is not known")
        }
        messageCode = frame.code
      }
      guard message.count + frame.payload.count <= maximumBytes else { throw .tooLong }
      message.append(contentsOf: frame.payload)
      guard frame.isFinal else { continue }
      let whole = message
      let code = messageCode
      message = []
      messageCode = 0
      return code == Code.text ? .text(whole) : .binary(whole)
    }
    return nil
  }

  private struct Frame {
    var code: UInt8
    var isFinal: Bool
    var payload: Bytes
  }

  private mutating func takeFrame() throws(WebSocketError) -> Frame? {
    guard buffer.count >= 2 else { return nil }
    let first = buffer[0]
    let second = buffer[1]
    guard first & 0x70 == 0 else { throw .malformed("reserved bits are set") }
    guard second & 0x80 != 0 else { throw .malformed("a client's frame must be masked") }
    var length = Int(second & 0x7F)
    var offset = 2
    if length >= 126 {
      let width = length == 126 ? 2 : 8
      guard buffer.count >= offset + width else { return nil }
      var value: UInt64 = 0
      for byte in buffer[offset..<(offset + width)] { value = value << 8 | UInt64(byte) }
      guard value <= UInt64(clamping: maximumBytes) else { throw .tooLong }
      length = Int(clamping: value)
      offset += width
    }
    guard buffer.count >= offset + 4 + length else { return nil }
    let mask = buffer[offset..<(offset + 4)]
    offset += 4
    var payload = Bytes(buffer[offset..<(offset + length)])
    for index in payload.indices { payload[index] ^= mask[mask.startIndex + index & 3] }
    buffer.removeFirst(offset + length)
    return Frame(code: first & 0x0F, isFinal: first & 0x80 != 0, payload: payload)
  }

  private func control(_ frame: Frame) throws(WebSocketError) -> WebSocketMessage {
    guard frame.isFinal, frame.payload.count <= 125 else {
      throw .malformed("a control frame must be short and whole")
    }
    switch frame.code {
    case Code.ping: return .ping(frame.payload)
    case Code.pong: return .pong(frame.payload)
    case Code.close:
      guard frame.payload.count != 1 else { throw .malformed("a close frame with half a status code") }
      guard frame.payload.count >= 2 else { return .close(nil) }
      return .close(UInt16(frame.payload[0]) << 8 | UInt16(frame.payload[1]))
    default: throw .malformed("opcode \(frame.code) is not known")
    }
  }
}

/// Writes a server's frames: whole and unmasked.
public enum WebSocketSerializer {
  public static func frame(_ message: WebSocketMessage) -> Bytes {
    switch message {
    case .text(let bytes): frame(1, bytes)
    case .binary(let bytes): frame(2, bytes)
    case .ping(let bytes): frame(9, bytes)
    case .pong(let bytes): frame(10, bytes)
    case .close(let code):
      frame(8, code.map { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] } ?? [])
    }
  }

  private static func frame(_ code: UInt8, _ payload: Bytes) -> Bytes {
    var bytes: Bytes = [0x80 | code]
    bytes.reserveCapacity(payload.count + 10)
    if payload.count < 126 {
      bytes.append(UInt8(truncatingIfNeeded: payload.count))
    } else {
      let width = payload.count < 65_536 ? 2 : 8
      bytes.append(width == 2 ? 126 : 127)
      for shift in stride(from: (width - 1) * 8, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift))
      }
    }
    bytes.append(contentsOf: payload)
    return bytes
  }
}
