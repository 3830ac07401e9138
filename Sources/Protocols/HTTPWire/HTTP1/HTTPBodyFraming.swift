/// How the end of a body is found (RFC 9112 §6).
public enum HTTPBodyFraming: Sendable, Hashable {
  case none
  case length(Int)
  case chunked
  /// The body ends with the connection (answers only).
  case untilClose
}

/// What the fields that frame a message say together.
struct HTTPFramingFields {
  var contentLength: Int?
  var hasContentLength = false
  var hasTransferEncoding = false
  var finalCodingIsChunked = false
  var codings = 0
  var chunkedCodings = 0
  var connectionClose = false
  var connectionKeepAlive = false
  var failure: HTTPWireError?

  @inline(__always)
  mutating func note(_ bytes: UnsafeRawBufferPointer, _ field: HTTPHeadScanner.Field) {
    switch field.name.count {
    case 10 where HTTPCharacters.equal(bytes, field.name, "connection"): noteConnection(bytes, field.value)
    case 14 where HTTPCharacters.equal(bytes, field.name, "content-length"): noteLength(bytes, field.value)
    case 17 where HTTPCharacters.equal(bytes, field.name, "transfer-encoding"):
      noteCodings(bytes, field.value)
    default: break
    }
  }

  private mutating func noteConnection(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) {
    HTTPCharacters.forEachElement(bytes, value) { element in
      if HTTPCharacters.equal(bytes, element, "close") { connectionClose = true }
      if HTTPCharacters.equal(bytes, element, "keep-alive") { connectionKeepAlive = true }
    }
  }

  private mutating func noteLength(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) {
    if hasContentLength { failure = HTTPWireError(400, "several Content-Length fields") }
    hasContentLength = true
    var length = 0
    // 18 digits cannot overflow.
    guard !value.isEmpty, value.count <= 18 else {
      failure = HTTPWireError(400, "Content-Length is not a number")
      return
    }
    for index in value {
      guard HTTPCharacters.isDigit(bytes[index]) else {
        failure = HTTPWireError(400, "Content-Length is not a number")
        return
      }
      length = length &* 10 &+ Int(bytes[index] &- 48)
    }
    contentLength = length
  }

  private mutating func noteCodings(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) {
    hasTransferEncoding = true
    HTTPCharacters.forEachElement(bytes, value) { element in
      codings &+= 1
      finalCodingIsChunked = HTTPCharacters.equal(bytes, element, "chunked")
      if finalCodingIsChunked { chunkedCodings &+= 1 }
    }
    if codings == 0 { finalCodingIsChunked = false }
  }
}
