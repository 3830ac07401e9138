public import Basics

/// What a SPDY/3.1 client sends.
public enum SPDYFrame: Sendable, Hashable {
  case open(stream: UInt32, headers: [String: String], isLast: Bool)
  case data(stream: UInt32, Bytes, isLast: Bool)
  case reset(stream: UInt32)
  case ping(UInt32)
  case goAway
}

/// A client broke SPDY's rules; the connection ends.
public struct SPDYError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String
}

/// Reads a client's frames and writes a server's (SPDY/3.1, as Kubernetes' exec and port-forward use it: no
/// flow control, no push). Not Sendable: one task reads and makes replies.
public final class SPDYCodec {
  private static let maximumFrame = 1 << 20
  private static let version: UInt8 = 3

  private let headers = SPDYHeaderCodec()
  private var buffer: Bytes = []

  public init() {}

  public func append(_ bytes: Bytes) { buffer.append(contentsOf: bytes) }

  /// Nil where more bytes are needed. Frames that mean nothing here are passed over.
  public func next() throws(SPDYError) -> SPDYFrame? {
    while buffer.count >= 8 {
      let length = Int(buffer[5]) << 16 | Int(buffer[6]) << 8 | Int(buffer[7])
      guard length <= Self.maximumFrame else { throw SPDYError(description: "a frame of \(length) bytes") }
      guard buffer.count >= 8 + length else { return nil }
      let head = Bytes(buffer[..<8])
      let payload = Bytes(buffer[8..<(8 + length)])
      buffer.removeFirst(8 + length)
      if head[0] & 0x80 == 0 {
        let stream = Self.number(head[0..<4])
        return .data(stream: stream, payload, isLast: head[4] & 1 != 0)
      }
      guard head[1] == Self.version else { throw SPDYError(description: "SPDY version \(head[1])") }
      if let frame = try control(UInt16(head[2]) << 8 | UInt16(head[3]), flags: head[4], payload) {
        return frame
      }
    }
    return nil
  }

  private func control(
    _ type: UInt16, flags: UInt8, _ payload: Bytes
  ) throws(SPDYError) -> SPDYFrame? {
    switch type {
    case 1:
      guard payload.count >= 10, let block = headers.read(Bytes(payload[10...])) else {
        throw SPDYError(description: "a stream's headers cannot be read")
      }
      return .open(stream: Self.number(payload[0..<4]), headers: block, isLast: flags & 1 != 0)
    case 3:
      guard payload.count >= 4 else { throw SPDYError(description: "a short RST_STREAM") }
      return .reset(stream: Self.number(payload[0..<4]))
    case 6:
      guard payload.count >= 4 else { throw SPDYError(description: "a short PING") }
      return .ping(Self.raw(payload[0..<4]))
    case 7: return .goAway
    case 8:
      // HEADERS take part in the compression, whatever they say.
      guard payload.count >= 4, headers.read(Bytes(payload[4...])) != nil else {
        throw SPDYError(description: "a stream's headers cannot be read")
      }
      return nil
    default: return nil
    }
  }

  /// The answer to a stream that was opened.
  public func reply(to stream: UInt32) -> Bytes {
    let block = headers.writeNone() ?? []
    return Self.control(2, Self.bytes(stream) + block)
  }

  public static func data(_ stream: UInt32, _ bytes: Bytes, isLast: Bool = false) -> Bytes {
    let length = bytes.count
    return Self.bytes(stream & 0x7FFF_FFFF) + [
      isLast ? 1 : 0, UInt8(truncatingIfNeeded: length >> 16), UInt8(truncatingIfNeeded: length >> 8),
      UInt8(truncatingIfNeeded: length),
    ] + bytes
  }

  public static func pong(_ identifier: UInt32) -> Bytes { control(6, bytes(identifier)) }

  public static func reset(_ stream: UInt32) -> Bytes { control(3, bytes(stream) + bytes(5)) }

  private static func control(_ type: UInt8, _ payload: Bytes) -> Bytes {
    let length = payload.count
    return [
      0x80, version, 0, type, 0, UInt8(truncatingIfNeeded: length >> 16),
      UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length),
    ] + payload
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { raw(bytes) & 0x7FFF_FFFF }
  private static func raw(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
  private static func bytes(_ value: UInt32) -> Bytes {
    stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
  }
}
