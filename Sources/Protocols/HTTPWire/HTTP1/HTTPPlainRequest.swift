/// A request of the plainest kind, found without making anything of it: `POST`, HTTP/1.1, a body of known
/// length as JSON, a connection that stays, and only fields that cannot change the answer. Everything else
/// is `HTTPRequestParser`'s, which accepts all that is accepted here and says the same of it.
public struct HTTPPlainRequest: Sendable {
  /// Offsets of the target, from the head's first byte.
  public let target: Range<Int>
  /// Where the body begins.
  public let headLength: Int
  public let contentLength: Int

  /// - Parameter bytes: everything received from the head's first byte on.
  /// - Returns: nil where the head is not complete or not plain.
  @inline(__always)
  public static func scan(_ bytes: UnsafeRawBufferPointer, limits: HTTPWireLimits) -> HTTPPlainRequest? {
    guard bytes.count >= 32, let start = bytes.baseAddress,
      start.loadUnaligned(as: UInt32.self).littleEndian == 0x5453_4F50, bytes[4] == HTTPCharacters.space,
      bytes[5] == UInt8(ascii: "/")
    else { return nil }
    var scan = HTTPPlainHeadScan(
      UnsafeRawBufferPointer(start: start, count: min(bytes.count, limits.headBytes)))
    return scan.run(limits)
  }
}

/// The one pass over a plain head.
private struct HTTPPlainHeadScan {
  private let bytes: UnsafeRawBufferPointer
  private var index = 5
  private var fields = 0
  private var hasHost = false
  private var contentLength = -1

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  @inline(__always)
  mutating func run(_ limits: HTTPWireLimits) -> HTTPPlainRequest? {
    guard let target = takeTarget(), takeVersion(), index <= limits.startLineBytes else { return nil }
    while true {
      guard index &+ 1 < bytes.count else { return nil }
      if bytes[index] == HTTPCharacters.carriageReturn {
        guard bytes[index &+ 1] == HTTPCharacters.lineFeed, hasHost, contentLength >= 0 else { return nil }
        return HTTPPlainRequest(target: target, headLength: index &+ 2, contentLength: contentLength)
      }
      fields &+= 1
      guard fields <= limits.headerFields, takeField() else { return nil }
    }
  }

  private mutating func takeTarget() -> Range<Int>? {
    let start = index
    while index < bytes.count, bytes[index] > 32, bytes[index] < 127 {
      if bytes[index] == UInt8(ascii: "#") { return nil }
      index &+= 1
    }
    guard index < bytes.count, bytes[index] == HTTPCharacters.space else { return nil }
    defer { index &+= 1 }
    return start..<index
  }

  /// `HTTP/1.1` and the line's end.
  private mutating func takeVersion() -> Bool {
    guard index &+ 10 <= bytes.count,
      UnsafeRawBufferPointer(rebasing: bytes[index..<(index &+ 8)]).loadUnaligned(as: UInt64.self)
        .littleEndian == 0x312E_312F_5054_5448, bytes[index &+ 8] == HTTPCharacters.carriageReturn,
      bytes[index &+ 9] == HTTPCharacters.lineFeed
    else { return false }
    index &+= 10
    return true
  }

  @inline(__always)
  private mutating func takeField() -> Bool {
    let nameStart = index
    while index < bytes.count, HTTPCharacters.isToken(bytes[index]) { index &+= 1 }
    let name = nameStart..<index
    guard index < bytes.count, bytes[index] == UInt8(ascii: ":"), !name.isEmpty else { return false }
    index &+= 1
    let valueStart = index
    // Printable ASCII; a tab or a byte beyond ASCII is not plain.
    while index < bytes.count, bytes[index] >= 32, bytes[index] < 127 { index &+= 1 }
    guard index &+ 1 < bytes.count, bytes[index] == HTTPCharacters.carriageReturn,
      bytes[index &+ 1] == HTTPCharacters.lineFeed
    else { return false }
    let value = HTTPCharacters.trimmed(bytes, valueStart..<index)
    index &+= 2
    return note(name, value)
  }

  /// - Returns: false for every field that is not known to leave the answer as it is.
  private mutating func note(_ name: Range<Int>, _ value: Range<Int>) -> Bool {
    switch name.count {
    case 3: return equal(name, "via")
    case 4: return equal(name, "host") && noteHost(value)
    case 6:
      return equal(name, "accept") || equal(name, "cookie") || equal(name, "origin")
        || equal(name, "pragma")
    case 7: return equal(name, "referer")
    case 9: return equal(name, "forwarded")
    case 10:
      return equal(name, "user-agent") || equal(name, "tracestate")
        || (equal(name, "connection") && equal(value, "keep-alive"))
    // A server that looks at traces answers nothing directly.
    case 11: return equal(name, "traceparent")
    case 12: return equal(name, "content-type") && isJSON(value)
    case 13: return equal(name, "authorization") || equal(name, "cache-control")
    case 14: return equal(name, "content-length") && noteLength(value)
    case 15:
      return equal(name, "accept-encoding") || equal(name, "accept-language")
        || equal(name, "x-forwarded-for")
    case 16: return equal(name, "x-forwarded-host") || equal(name, "x-forwarded-port")
    case 17: return equal(name, "x-forwarded-proto")
    default: return false
    }
  }

  private mutating func noteHost(_ value: Range<Int>) -> Bool {
    if hasHost { return false }
    hasHost = true
    for position in value where !HTTPCharacters.isHost(bytes[position]) { return false }
    return HTTPCharacters.hasValidPort(bytes, value)
  }

  private mutating func noteLength(_ value: Range<Int>) -> Bool {
    guard contentLength < 0, !value.isEmpty, value.count <= 9 else { return false }
    var length = 0
    for position in value {
      guard HTTPCharacters.isDigit(bytes[position]) else { return false }
      length = length &* 10 &+ Int(bytes[position] &- 48)
    }
    contentLength = length
    return true
  }

  private func isJSON(_ value: Range<Int>) -> Bool {
    equal(value, "application/json") || equal(value, "application/json; charset=utf-8")
  }

  @inline(__always)
  private func equal(_ range: Range<Int>, _ text: StaticString) -> Bool {
    HTTPCharacters.equal(bytes, range, text)
  }
}
