/// A response's head with what it says about its body and the connection.
public struct HTTPParsedResponse: Sendable, Hashable {
  public var head: HTTPResponseHead
  public var framing: HTTPBodyFraming
  /// Whether another request may follow on the connection.
  public var isPersistent: Bool
}

/// Parses response heads strictly by RFC 9112; interim answers (1xx) come out like others, without a body.
public struct HTTPResponseParser {
  public enum Result: Sendable {
    case incomplete
    case head(HTTPParsedResponse, length: Int)
    case failure(HTTPWireError)
  }

  private var scanner: HTTPHeadScanner

  public init(limits: HTTPWireLimits = .init()) { scanner = HTTPHeadScanner(limits: limits) }

  /// - Parameters:
  ///   - bytes: everything received from the head's first byte on.
  ///   - answersHEAD: whether the request was HEAD, whose answer has no body whatever its fields say.
  public mutating func parse(_ bytes: UnsafeRawBufferPointer, answersHEAD: Bool = false) -> Result {
    if let first = bytes.first, first != UInt8(ascii: "H"), first != HTTPCharacters.carriageReturn {
      scanner.reset()
      return .failure(HTTPWireError(400, "this is not an HTTP/1.1 response"))
    }
    switch scanner.scan(bytes) {
    case .incomplete: return .incomplete
    case .failure(let error):
      scanner.reset()
      return .failure(error)
    case .complete(let length):
      defer { scanner.reset() }
      switch interpret(bytes, answersHEAD) {
      case .success(let response): return .head(response, length: length)
      case .failure(let error): return .failure(error)
      }
    }
  }

  private func interpret(
    _ bytes: UnsafeRawBufferPointer, _ answersHEAD: Bool
  ) -> Swift.Result<HTTPParsedResponse, HTTPWireError> {
    let line = scanner.startLine
    guard line.count >= 12 else { return .failure(HTTPWireError(400, "the status line is malformed")) }
    let start = line.lowerBound
    let version: HTTPVersion
    switch HTTPRequestParser.parseVersion(bytes, start..<(start &+ 8)) {
    case .success(let parsed): version = parsed
    case .failure: return .failure(HTTPWireError(505, "the server does not answer in HTTP/1.1"))
    }
    let digits = (start &+ 9)..<(start &+ 12)
    guard bytes[start &+ 8] == HTTPCharacters.space,
      digits.allSatisfy({ HTTPCharacters.isDigit(bytes[$0]) }),
      line.count == 12 || bytes[start &+ 12] == HTTPCharacters.space,
      (start &+ 12..<line.upperBound).allSatisfy({ HTTPCharacters.isFieldValue(bytes[$0]) })
    else { return .failure(HTTPWireError(400, "the status line is malformed")) }
    let status = digits.reduce(0) { $0 &* 10 &+ Int(bytes[$1] &- 48) }
    guard status >= 100 else { return .failure(HTTPWireError(400, "the status is below 100")) }
    var fields = HTTPFramingFields()
    for field in scanner.fields { fields.note(bytes, field) }
    switch Self.bodyFraming(fields, status, answersHEAD, version) {
    case .failure(let error): return .failure(error)
    case .success(let framing):
      guard let headers = HTTPHeaders.make(bytes, scanner, repairing: true) else {
        return .failure(HTTPWireError(400, "a header field is malformed"))
      }
      var isPersistent =
        version == .http11 ? !fields.connectionClose : fields.connectionKeepAlive && !fields.connectionClose
      if framing == .untilClose { isPersistent = false }
      return .success(
        HTTPParsedResponse(
          head: HTTPResponseHead(status: status, headers: headers), framing: framing,
          isPersistent: isPersistent))
    }
  }

  private static func bodyFraming(
    _ fields: HTTPFramingFields, _ status: Int, _ answersHEAD: Bool, _ version: HTTPVersion
  ) -> Swift.Result<HTTPBodyFraming, HTTPWireError> {
    if let failure = fields.failure { return .failure(failure) }
    if fields.hasTransferEncoding && fields.hasContentLength {
      return .failure(HTTPWireError(400, "both Transfer-Encoding and Content-Length"))
    }
    if answersHEAD || status < 200 || status == 204 || status == 304 { return .success(.none) }
    if fields.hasTransferEncoding {
      guard version == .http11, fields.finalCodingIsChunked, fields.codings == 1 else {
        return .failure(HTTPWireError(501, "the only known transfer coding is chunked"))
      }
      return .success(.chunked)
    }
    return .success(fields.contentLength.map { .length($0) } ?? .untilClose)
  }
}
