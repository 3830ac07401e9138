internal import Basics
internal import HTTPWire

/// `Upgrade: h2c` (RFC 7540 §3.2), for a connection's first request where it has no body.
extension HTTP1ServerConnection {
  /// - Parameter rest: what came after the head; goes to the new protocol.
  /// - Returns: whether the connection is out of these hands now.
  func upgrade(_ parsed: HTTPParsedRequest, _ rest: UnsafeRawBufferPointer) -> Bool {
    guard parsed.head.version == .http11, parsed.framing == .none || parsed.framing == .length(0),
      server.state.tls == nil, let wanted = parsed.head.headers["Upgrade"], Self.lists(wanted, "h2c")
    else { return false }
    let settings = parsed.head.headers.all("HTTP2-Settings")
    let connection = parsed.head.headers.all("Connection").joined(separator: ",")
    guard settings.count == 1, Self.lists(connection, "upgrade"), Self.lists(connection, "http2-settings"),
      let payload = Self.decodeURLSafe(settings[0]), let next = HTTP2ServerConnection(server, channel)
    else { return false }
    var head = parsed.head
    head.version = .http2
    for name in ["Upgrade", "HTTP2-Settings", "Connection"] { head.headers.remove(name) }
    guard next.upgrade(settings: payload) else { return false }
    channel.write { bytes in
      HTTPSerializer.append(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", to: &bytes)
    }
    stopTimer()
    server.replace(self, by: next)
    channel.replaceDelegate(next)
    next.startUpgraded(head, rest)
    return true
  }

  private static func lists(_ value: String, _ word: String) -> Bool {
    value.utf8.split(separator: UInt8(ascii: ",")).contains { element in
      let trimmed = element.drop { $0 == 32 || $0 == 9 }.prefix { $0 != 32 && $0 != 9 }
      return HTTPHeaders.equal(String(Substring(trimmed)), word)
    }
  }

  /// base64url without padding.
  private static func decodeURLSafe(_ text: String) -> Bytes? {
    var result: Bytes = []
    var bits: UInt32 = 0
    var count = 0
    guard text.utf8.count <= 512 else { return nil }
    for byte in text.utf8 {
      let value: UInt8
      switch byte {
      case 65...90: value = byte - 65
      case 97...122: value = byte - 71
      case 48...57: value = byte + 4
      case UInt8(ascii: "-"), UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "_"), UInt8(ascii: "/"): value = 63
      case UInt8(ascii: "="): continue
      default: return nil
      }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return result
  }
}
