internal import Basics
internal import CNghttp2
internal import HTTPWire

/// Header fields on their way out, as nghttp2 wants them. Its memory is used again and again.
struct HTTP2Fields {
  private var bytes: Bytes = []
  private var entries: [Entry] = []
  private var pairs: [nghttp2_nv] = []

  private struct Entry {
    var nameStart: Int
    var valueStart: Int
    var end: Int
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
  }

  mutating func append(_ name: StaticString, _ value: StaticString) {
    append(name) {
      $0.append(contentsOf: UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }
  }

  mutating func append(_ name: StaticString, _ body: (inout Bytes) -> Void) {
    let start = bytes.count
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    let valueStart = bytes.count
    body(&bytes)
    entries.append(Entry(nameStart: start, valueStart: valueStart, end: bytes.count))
  }

  /// In lower case; control characters in the value become spaces. Left out where the name is no token.
  mutating func append(_ field: HTTPHeaders.Field) {
    let start = bytes.count
    for byte in field.name.utf8 {
      let isUpper = byte >= 65 && byte <= 90
      // As `tchar` of RFC 9110 §5.6.2, without what pseudo fields begin with.
      guard byte > 32, byte < 127, !Self.separators.contains(byte) else {
        bytes.removeLast(bytes.count - start)
        return
      }
      bytes.append(isUpper ? byte | 0x20 : byte)
    }
    guard bytes.count > start else { return }
    let valueStart = bytes.count
    for byte in field.value.utf8 {
      bytes.append((byte >= 32 && byte != 127) || byte == 9 ? byte : 32)
    }
    // RFC 9113 §8.2.1: no space at either end.
    while bytes.count > valueStart, bytes[bytes.count - 1] == 32 || bytes[bytes.count - 1] == 9 {
      bytes.removeLast()
    }
    if valueStart < bytes.count, bytes[valueStart] == 32 || bytes[valueStart] == 9 {
      let kept = bytes[valueStart...].drop { $0 == 32 || $0 == 9 }
      bytes.replaceSubrange(valueStart..., with: Bytes(kept))
    }
    entries.append(Entry(nameStart: start, valueStart: valueStart, end: bytes.count))
  }

  private static let separators = Set("\"(),/:;<=>?@[\\]{}".utf8)

  /// An answer's head without what belongs to HTTP/1.1 connections.
  /// - Parameter length: `Content-Length`'s value; nil for none.
  mutating func setHead(_ head: HTTPResponseHead, length: Int?, date: Bytes) {
    removeAll()
    let status = (100...999).contains(head.status) ? head.status : 500
    append(":status") { HTTPSerializer.append(decimal: status, to: &$0) }
    var hasDate = false
    for field in head.headers.fields {
      if Self.isHopByHop(field.name) { continue }
      if !hasDate, HTTPHeaders.equal(field.name, "date") { hasDate = true }
      append(field)
    }
    if !hasDate, !date.isEmpty { append("date") { $0.append(contentsOf: date) } }
    if let length { append("content-length") { HTTPSerializer.append(decimal: length, to: &$0) } }
  }

  /// The pairs point into this value and are valid during the call only.
  mutating func withPairs<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
    pairs.removeAll(keepingCapacity: true)
    return bytes.withUnsafeMutableBufferPointer { buffer in
      for entry in entries {
        let name = buffer.baseAddress.map { $0 + entry.nameStart }
        let value = buffer.baseAddress.map { $0 + entry.valueStart }
        pairs.append(
          nghttp2_nv(
            name: name, value: value, namelen: entry.valueStart - entry.nameStart,
            valuelen: entry.end - entry.valueStart, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
      }
      return pairs.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
    }
  }

  /// RFC 9113 §8.2.2; the length is decided elsewhere.
  private static func isHopByHop(_ name: String) -> Bool {
    switch name.utf8.count {
    case 7: HTTPHeaders.equal(name, "upgrade") || HTTPHeaders.equal(name, "trailer")
    case 10: HTTPHeaders.equal(name, "connection") || HTTPHeaders.equal(name, "keep-alive")
    case 14: HTTPHeaders.equal(name, "content-length")
    case 16: HTTPHeaders.equal(name, "proxy-connection")
    case 17: HTTPHeaders.equal(name, "transfer-encoding")
    default: false
    }
  }
}

/// Header blocks that never change, so that nghttp2 need not copy their texts.
/// `@unchecked Sendable`: made once, never written or freed after that.
final class HTTP2StaticFields: @unchecked Sendable {
  let pairs: UnsafePointer<nghttp2_nv>
  let count: Int

  init(_ fields: [(StaticString, StaticString)]) {
    let memory = UnsafeMutablePointer<nghttp2_nv>.allocate(capacity: max(1, fields.count))
    let flags = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    for (index, field) in fields.enumerated() {
      // nghttp2 does not write through these, though its type would let it.
      memory[index] = nghttp2_nv(
        name: UnsafeMutablePointer(mutating: field.0.utf8Start),
        value: UnsafeMutablePointer(mutating: field.1.utf8Start), namelen: field.0.utf8CodeUnitCount,
        valuelen: field.1.utf8CodeUnitCount, flags: flags)
    }
    pairs = UnsafePointer(memory)
    count = fields.count
  }

  deinit { pairs.deallocate() }

  static let grpcHead = HTTP2StaticFields([(":status", "200"), ("content-type", "application/grpc")])
  static let grpcGzipHead = HTTP2StaticFields([
    (":status", "200"), ("content-type", "application/grpc"), ("grpc-encoding", "gzip"),
    ("grpc-accept-encoding", "identity,gzip"),
  ])
  static let grpcOK = HTTP2StaticFields([("grpc-status", "0")])
  static let continueHead = HTTP2StaticFields([(":status", "100")])
}
