/// A request's head with what it says about its body and the connection.
public struct HTTPParsedRequest: Sendable, Hashable {
  public var head: HTTPRequestHead
  public var framing: HTTPBodyFraming
  /// Whether the client lets the connection stay open after the answer.
  public var isPersistent: Bool
  /// The client waits for `100 Continue` before it sends the body.
  public var expectsContinue: Bool
}

/// Parses request heads strictly by RFC 9112. Whatever could be read in two ways is an error.
public struct HTTPRequestParser {
  public enum Result: Sendable {
    /// More bytes are needed.
    case incomplete
    /// With the length of the head in bytes; the body follows.
    case head(HTTPParsedRequest, length: Int)
    case failure(HTTPWireError)
  }

  private var scanner: HTTPHeadScanner

  public init(limits: HTTPWireLimits = .init()) { scanner = HTTPHeadScanner(limits: limits) }

  /// - Parameter bytes: everything received from the head's first byte on; a later call must see the same
  ///   bytes and more.
  public mutating func parse(_ bytes: UnsafeRawBufferPointer) -> Result {
    // What does not begin like a method (a TLS hello, say) is not worth waiting for a line's end.
    if let first = bytes.first, !HTTPCharacters.isToken(first), first != HTTPCharacters.carriageReturn {
      return fail(HTTPWireError(400, "this is not an HTTP request"))
    }
    switch scanner.scan(bytes) {
    case .incomplete: return .incomplete
    case .failure(let error): return fail(error)
    case .complete(let length):
      defer { scanner.reset() }
      switch interpret(bytes) {
      case .success(let request): return .head(request, length: length)
      case .failure(let error): return .failure(error)
      }
    }
  }

  private mutating func fail(_ error: HTTPWireError) -> Result {
    scanner.reset()
    return .failure(error)
  }

  // MARK: the head as a whole

  private func interpret(_ bytes: UnsafeRawBufferPointer) -> Swift.Result<HTTPParsedRequest, HTTPWireError> {
    let line: RequestLine
    switch parseRequestLine(bytes) {
    case .success(let parsed): line = parsed
    case .failure(let error): return .failure(error)
    }
    var framing = HTTPFramingFields()
    var host: Range<Int>?
    var hosts = 0
    var expectsContinue = false
    for field in scanner.fields {
      framing.note(bytes, field)
      switch field.name.count {
      case 4 where HTTPCharacters.equal(bytes, field.name, "host"):
        hosts &+= 1
        host = field.value
      case 6 where HTTPCharacters.equal(bytes, field.name, "expect"):
        guard HTTPCharacters.equal(bytes, field.value, "100-continue") else {
          return .failure(HTTPWireError(417, "the only known expectation is 100-continue"))
        }
        expectsContinue = true
      default: break
      }
    }
    if let error = Self.hostFailure(bytes, host, count: hosts, line.version) { return .failure(error) }
    switch Self.bodyFraming(framing, line.version) {
    case .failure(let error): return .failure(error)
    case .success(let body):
      guard var head = makeHead(bytes, line) else {
        return .failure(HTTPWireError(400, "a header field's value is not valid UTF-8"))
      }
      if line.target.isAbsolute, let error = Self.makeOriginForm(&head) { return .failure(error) }
      let isPersistent =
        line.version == .http11
        ? !framing.connectionClose : framing.connectionKeepAlive && !framing.connectionClose
      // An HTTP/1.0 client cannot know 1xx answers.
      let waits = expectsContinue && line.version == .http11 && body != .none && body != .length(0)
      return .success(
        HTTPParsedRequest(head: head, framing: body, isPersistent: isPersistent, expectsContinue: waits))
    }
  }

  private static func hostFailure(
    _ bytes: UnsafeRawBufferPointer, _ host: Range<Int>?, count: Int, _ version: HTTPVersion
  ) -> HTTPWireError? {
    if count > 1 { return HTTPWireError(400, "several Host fields") }
    guard let host else { return version == .http11 ? HTTPWireError(400, "the Host field is missing") : nil }
    for index in host where !HTTPCharacters.isHost(bytes[index]) {
      return HTTPWireError(400, "the Host field is not a host")
    }
    return HTTPCharacters.hasValidPort(bytes, host)
      ? nil : HTTPWireError(400, "the Host field has no valid port")
  }

  /// RFC 9112 §6.1 and §6.3, with every latitude taken away.
  private static func bodyFraming(
    _ fields: HTTPFramingFields, _ version: HTTPVersion
  ) -> Swift.Result<HTTPBodyFraming, HTTPWireError> {
    if let failure = fields.failure { return .failure(failure) }
    guard fields.hasTransferEncoding else {
      return .success(fields.contentLength.map { $0 == 0 ? .length(0) : .length($0) } ?? .none)
    }
    if fields.hasContentLength {
      return .failure(HTTPWireError(400, "both Transfer-Encoding and Content-Length"))
    }
    if version == .http10 { return .failure(HTTPWireError(400, "Transfer-Encoding in HTTP/1.0")) }
    guard fields.finalCodingIsChunked, fields.chunkedCodings == 1 else {
      return .failure(HTTPWireError(400, "the last transfer coding is not chunked"))
    }
    if fields.codings > 1 { return .failure(HTTPWireError(501, "the only known transfer coding is chunked")) }
    return .success(.chunked)
  }

  private func makeHead(_ bytes: UnsafeRawBufferPointer, _ line: RequestLine) -> HTTPRequestHead? {
    let headers = HTTPHeaders.make(bytes, scanner, repairing: false)
    guard let headers else { return nil }
    return HTTPRequestHead(
      method: Self.methodName(bytes, line.method), target: HTTPCharacters.string(bytes, line.target.range),
      version: line.version, headers: headers)
  }

  private static func methodName(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
    // Short strings need no allocation, so a table of known methods would save nothing.
    HTTPCharacters.string(bytes, range)
  }
}

extension HTTPRequestParser {
  struct RequestLine {
    var method: Range<Int>
    var target: Target
    var version: HTTPVersion
  }

  struct Target {
    var range: Range<Int>
    /// `http://host/path`, as proxies get it.
    var isAbsolute: Bool
  }

  private func parseRequestLine(_ bytes: UnsafeRawBufferPointer) -> Swift.Result<RequestLine, HTTPWireError> {
    let line = scanner.startLine
    var index = line.lowerBound
    while index < line.upperBound, HTTPCharacters.isToken(bytes[index]) { index &+= 1 }
    let method = line.lowerBound..<index
    guard !method.isEmpty, method.count <= 32, index < line.upperBound, bytes[index] == HTTPCharacters.space
    else {
      return .failure(HTTPWireError(400, "the request line has no valid method"))
    }
    index &+= 1
    let targetStart = index
    while index < line.upperBound, bytes[index] > 32, bytes[index] < 127 { index &+= 1 }
    let target = targetStart..<index
    guard !target.isEmpty, index < line.upperBound, bytes[index] == HTTPCharacters.space else {
      return .failure(HTTPWireError(400, "the request line has no valid target"))
    }
    let version: HTTPVersion
    switch Self.parseVersion(bytes, (index &+ 1)..<line.upperBound) {
    case .success(let parsed): version = parsed
    case .failure(let error): return .failure(error)
    }
    switch Self.targetForm(bytes, target, method) {
    case .success(let isAbsolute):
      return .success(
        RequestLine(method: method, target: Target(range: target, isAbsolute: isAbsolute), version: version))
    case .failure(let error): return .failure(error)
    }
  }

  static func parseVersion(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
  ) -> Swift.Result<HTTPVersion, HTTPWireError> {
    let start = range.lowerBound
    // Case matters here, unlike in `equal`.
    guard range.count == 8, bytes[start] == 72, bytes[start &+ 1] == 84, bytes[start &+ 2] == 84,
      bytes[start &+ 3] == 80, bytes[start &+ 4] == UInt8(ascii: "/"), bytes[start &+ 6] == UInt8(ascii: "."),
      HTTPCharacters.isDigit(bytes[start &+ 5]), HTTPCharacters.isDigit(bytes[start &+ 7])
    else { return .failure(HTTPWireError(400, "the HTTP version is malformed")) }
    switch (bytes[start &+ 5], bytes[start &+ 7]) {
    case (49, 48): return .success(.http10)
    // RFC 9110 §2.5: a higher minor version is made to be read as the highest one that is known.
    case (49, _): return .success(.http11)
    default: return .failure(HTTPWireError(505, "this server speaks HTTP/1.1 here"))
    }
  }

  /// - Returns: whether the target is in absolute form.
  private static func targetForm(
    _ bytes: UnsafeRawBufferPointer, _ target: Range<Int>, _ method: Range<Int>
  ) -> Swift.Result<Bool, HTTPWireError> {
    if HTTPCharacters.equal(bytes, method, "connect") {
      return .failure(HTTPWireError(501, "this server is no proxy: CONNECT is not implemented"))
    }
    for index in target where bytes[index] == UInt8(ascii: "#") {
      return .failure(HTTPWireError(400, "the request target has a fragment"))
    }
    if bytes[target.lowerBound] == UInt8(ascii: "/") { return .success(false) }
    if target.count == 1, bytes[target.lowerBound] == UInt8(ascii: "*"),
      HTTPCharacters.equal(bytes, method, "options")
    {
      return .success(false)
    }
    for prefix in [("http://" as StaticString), ("https://" as StaticString)] {
      let count = prefix.utf8CodeUnitCount
      if target.count > count,
        HTTPCharacters.equal(bytes, target.lowerBound..<(target.lowerBound &+ count), prefix)
      {
        return .success(true)
      }
    }
    return .failure(HTTPWireError(400, "the request target is no path"))
  }

  /// RFC 9112 §3.2.2: the target's authority takes the place of Host.
  private static func makeOriginForm(_ head: inout HTTPRequestHead) -> HTTPWireError? {
    let target = Array(head.target.utf8)
    guard let scheme = target.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let rest = target[(scheme + 3)...]
    let authorityEnd = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
    let authority = rest[..<authorityEnd]
    guard !authority.isEmpty, authority.allSatisfy(HTTPCharacters.isHost),
      target.withUnsafeBytes({ HTTPCharacters.hasValidPort($0, authority.indices) })
    else {
      return HTTPWireError(400, "the request target has no valid host")
    }
    let path = String(decoding: rest[authorityEnd...], as: UTF8.self)
    head.target = path.hasPrefix("/") ? path : "/" + path
    head.headers.set("Host", String(decoding: authority, as: UTF8.self))
    return nil
  }
}
