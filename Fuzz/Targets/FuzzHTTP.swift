// fuzz: module=HTTPWire reader=Sources/Protocols/HTTPWire
import HTTPWire

/// Any bytes as a connection's stream of requests, and of responses: what is parsed must not depend on how the bytes
/// arrive, and a parsed request that is written again must parse the same.
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
  var parser = HTTPResponseParser()
  if case .head(let response, let length) = parser.parse(bytes) {
    var decoder = HTTPBodyDecoder(response.framing)
    var offset = length
    while case .data = decoder.next(bytes, &offset) {}
  }
  return 0
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
