public import Basics

/// Writes heads and chunks as HTTP/1.1 bytes. Nothing that a caller passes can end a line early: in answers
/// such bytes become spaces, requests with them are refused.
public enum HTTPSerializer {
  /// How an answer's body is framed and whether the connection goes on.
  public struct ResponseOptions: Sendable {
    public var framing: HTTPBodyFraming
    /// Adds `Connection: close`.
    public var closes: Bool
    /// Adds `Connection: keep-alive`, which HTTP/1.0 clients need.
    public var saysKeepAlive: Bool

    public init(framing: HTTPBodyFraming, closes: Bool = false, saysKeepAlive: Bool = false) {
      self.framing = framing
      self.closes = closes
      self.saysKeepAlive = saysKeepAlive
    }
  }

  public static let continueResponse = Bytes("HTTP/1.1 100 Continue\r\n\r\n".utf8)
  public static let lastChunk = Bytes("0\r\n\r\n".utf8)

  /// The head's own framing fields (`Content-Length`, `Transfer-Encoding`, `Connection`, …) give way to the
  /// options.
  /// - Parameter date: `Date`'s value; left out where empty or where the head has one.
  public static func append(
    _ head: HTTPResponseHead, _ options: ResponseOptions, date: Bytes = [], to bytes: inout Bytes
  ) {
    let status = (100...999).contains(head.status) ? head.status : 500
    append("HTTP/1.1 ", to: &bytes)
    append(decimal: status, to: &bytes)
    bytes.append(HTTPCharacters.space)
    append(HTTPStatus.reason(status), to: &bytes)
    append("\r\n", to: &bytes)
    var hasDate = false
    for field in head.headers.fields {
      if isFraming(field.name) { continue }
      if !hasDate, HTTPHeaders.equal(field.name, "date") { hasDate = true }
      _ = appendField(field, replacing: true, to: &bytes)
    }
    if !hasDate && !date.isEmpty {
      append("Date: ", to: &bytes)
      bytes.append(contentsOf: date)
      append("\r\n", to: &bytes)
    }
    append(options.framing, to: &bytes)
    if options.closes {
      append("Connection: close\r\n", to: &bytes)
    } else if options.saysKeepAlive {
      append("Connection: keep-alive\r\n", to: &bytes)
    }
    append("\r\n", to: &bytes)
  }

  /// The head's own framing fields give way to `framing`.
  /// - Returns: why the head cannot be sent; nothing was appended then.
  public static func append(
    _ head: HTTPRequestHead, framing: HTTPBodyFraming, closes: Bool = false, to bytes: inout Bytes
  ) -> HTTPWireError? {
    let start = bytes.count
    guard !head.method.isEmpty, head.method.utf8.allSatisfy(HTTPCharacters.isToken) else {
      return HTTPWireError(400, "the request's method is not a token")
    }
    guard !head.target.isEmpty, head.target.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
      return HTTPWireError(
        400, "the request's target is empty or has characters that must be percent-encoded")
    }
    bytes.append(contentsOf: head.method.utf8)
    bytes.append(HTTPCharacters.space)
    bytes.append(contentsOf: head.target.utf8)
    append(" HTTP/1.1\r\n", to: &bytes)
    for field in head.headers.fields where !isFraming(field.name) {
      guard appendField(field, replacing: false, to: &bytes) else {
        bytes.removeLast(bytes.count - start)
        return HTTPWireError(
          400, "the request's field \(printable(field.name)) has a character that fields cannot have")
      }
    }
    append(framing, to: &bytes)
    if closes { append("Connection: close\r\n", to: &bytes) }
    append("\r\n", to: &bytes)
    return nil
  }

  /// The line before a chunk's bytes; `\r\n` follows them. A count of 0 would end the body and appends
  /// nothing.
  public static func appendChunkStart(_ count: Int, to bytes: inout Bytes) {
    guard count > 0 else { return }
    bytes.append(contentsOf: String(count, radix: 16).utf8)
    append("\r\n", to: &bytes)
  }

  @inline(__always)
  public static func append(_ text: StaticString, to bytes: inout Bytes) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public static func append(decimal value: Int, to bytes: inout Bytes) {
    bytes.append(contentsOf: String(value).utf8)
  }

  private static func append(_ framing: HTTPBodyFraming, to bytes: inout Bytes) {
    switch framing {
    case .length(let length):
      append("Content-Length: ", to: &bytes)
      append(decimal: length, to: &bytes)
      append("\r\n", to: &bytes)
    case .chunked: append("Transfer-Encoding: chunked\r\n", to: &bytes)
    case .none, .untilClose: break
    }
  }

  /// - Returns: false where the field cannot stand as it is and `replacing` is off.
  private static func appendField(_ field: HTTPHeaders.Field, replacing: Bool, to bytes: inout Bytes) -> Bool
  {
    guard !field.name.isEmpty, field.name.utf8.allSatisfy(HTTPCharacters.isToken) else { return replacing }
    let start = bytes.count
    bytes.append(contentsOf: field.name.utf8)
    append(": ", to: &bytes)
    let valueStart = bytes.count
    bytes.append(contentsOf: field.value.utf8)
    for index in valueStart..<bytes.count where !HTTPCharacters.isFieldValue(bytes[index]) {
      guard replacing else {
        bytes.removeLast(bytes.count - start)
        return false
      }
      bytes[index] = HTTPCharacters.space
    }
    append("\r\n", to: &bytes)
    return true
  }

  /// Fields that belong to one connection or to the framing, which is decided here.
  private static func isFraming(_ name: String) -> Bool {
    switch name.utf8.count {
    case 10: HTTPHeaders.equal(name, "connection") || HTTPHeaders.equal(name, "keep-alive")
    case 14: HTTPHeaders.equal(name, "content-length")
    case 16: HTTPHeaders.equal(name, "proxy-connection")
    case 17: HTTPHeaders.equal(name, "transfer-encoding")
    default: false
    }
  }

  private static func printable(_ name: String) -> String {
    "\"" + String(name.unicodeScalars.filter { (33...126).contains($0.value) }.map(Character.init)) + "\""
  }
}
