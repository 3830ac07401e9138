// fuzz: module=HTTPWire reader=Sources/Protocols/HTTPWire/HTTP1,Sources/Protocols/HTTPWire/Messages
import Basics
import HTTPWire

/// Any bytes as a connection's stream of requests, and of responses: what is parsed must not depend on how the bytes
/// arrive, and what is written again must parse the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: start, count: count)
  let whole = readRequests(bytes, step: count)
  let byteByByte = readRequests(bytes, step: 1)
  guard whole == byteByByte else {
    fatalError("the arrival of the bytes changes what is read: \(whole) \(byteByByte)")
  }
  #if PLANTED_BUG
    if whole.contains("PUT chunked 3") { fatalError("planted bug") }
  #endif
  checkPlainRequest(bytes)
  checkResponses(bytes)
  return 0
}

/// What the pass for plain requests takes is what the parser makes of it.
private func checkPlainRequest(_ bytes: UnsafeRawBufferPointer) {
  let limits = HTTPWireLimits()
  guard let plain = HTTPPlainRequest.scan(bytes, limits: limits) else { return }
  var parser = HTTPRequestParser(limits: limits)
  guard case .head(let request, let length) = parser.parse(bytes) else {
    fatalError("a plain request is refused")
  }
  let target = String(decoding: bytes[plain.target], as: UTF8.self)
  guard length == plain.headLength, request.framing == .length(plain.contentLength), request.isPersistent,
    request.head.method == "POST", request.head.target == target, HTTPPlainRequest.isPlain(request.head)
  else { fatalError("the plain request \(plain) is \(request) to the parser") }
}

/// For what is written: a date and the connection's fields come to it, and what is no UTF-8 grows.
private var wide: HTTPWireLimits {
  var limits = HTTPWireLimits()
  limits.startLineBytes *= 4
  limits.headBytes *= 4
  limits.headerFields += 4
  return limits
}

/// All responses in the bytes; each must be the same once it is written and read again.
private func checkResponses(_ bytes: UnsafeRawBufferPointer) {
  var offset = 0
  for _ in 0..<64 {
    var parser = HTTPResponseParser()
    let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
    guard case .head(let response, let length) = parser.parse(rest) else { return }
    var written: Bytes = []
    HTTPSerializer.append(
      response.head, .init(framing: response.framing, closes: !response.isPersistent),
      date: Bytes(HTTPDate.format(Timestamp(seconds: Int64(bytes.count) << 20)).utf8), to: &written)
    var wideParser = HTTPResponseParser(limits: wide)
    guard case .head(let again, _) = written.withUnsafeBytes({ wideParser.parse($0) }),
      again.head.status == response.head.status, again.framing == response.framing,
      stable(again.head.headers, except: "date") == stable(response.head.headers, except: "date")
    else { fatalError("the response changes when it is written: \(response)") }
    var decoder = HTTPBodyDecoder(response.framing)
    var position = length
    while case .data = decoder.next(rest, &position) {}
    offset += position
    guard offset < bytes.count else { return }
  }
}

/// The request must be the same once it is written and read again.
private func checkWritten(_ request: HTTPParsedRequest) {
  // Others get a version that asks for more fields.
  guard request.head.version == .http11 else { return }
  var written: Bytes = []
  guard HTTPSerializer.append(request.head, framing: request.framing, to: &written) == nil else {
    fatalError("a request that was read cannot be written: \(request)")
  }
  var parser = HTTPRequestParser(limits: wide)
  guard case .head(let again, let length) = written.withUnsafeBytes({ parser.parse($0) }),
    length == written.count, again.head.method == request.head.method,
    again.head.target == request.head.target, again.framing == request.framing,
    stable(again.head.headers) == stable(request.head.headers)
  else { fatalError("the request changes when it is written: \(request)") }
}

/// The fields that are not about the connection and the body's length, which are written anew.
private func stable(_ headers: HTTPHeaders, except other: String = "") -> [HTTPHeaders.Field] {
  let framing = [
    "connection", "keep-alive", "proxy-connection", "content-length", "transfer-encoding", other,
  ]
  return headers.fields.filter { field in !framing.contains { HTTPHeaders.equal($0, field.name) } }
}

/// One line per request: method, framing and body length, or the error's status.
private func readRequests(_ bytes: UnsafeRawBufferPointer, step: Int) -> [String] {
  var results: [String] = []
  var offset = 0
  while offset < bytes.count, results.count < 64 {
    var parser = HTTPRequestParser()
    var end = offset
    var parsed: (HTTPParsedRequest, Int)?
    while parsed == nil {
      guard end < bytes.count else { return results + ["incomplete head"] }
      end = min(bytes.count, end + max(1, step))
      switch parser.parse(UnsafeRawBufferPointer(rebasing: bytes[offset..<end])) {
      case .incomplete: continue
      case .failure(let error): return results + ["error \(error.status)"]
      case .head(let request, let length): parsed = (request, length)
      }
    }
    guard let (request, length) = parsed else { return results }
    offset += length
    if step > 1 { checkWritten(request) }
    var decoder = HTTPBodyDecoder(request.framing)
    var bodyLength = 0
    body: while true {
      let limit = min(bytes.count, offset + max(1, step))
      var position = offset
      let view = UnsafeRawBufferPointer(rebasing: bytes[..<limit])
      while true {
        switch decoder.next(view, &position) {
        case .data(let range): bodyLength += range.count
        case .needsMore:
          offset = position
          if limit == bytes.count { return results + ["incomplete body"] }
          continue body
        case .end:
          offset = position
          break body
        case .failure(let error): return results + ["body error \(error.status)"]
        }
      }
    }
    results.append(
      "\(request.head.method) \(request.framing == .chunked ? "chunked" : "plain") \(bodyLength)")
  }
  return results
}
