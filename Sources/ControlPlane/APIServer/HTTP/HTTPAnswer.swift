internal import Basics
internal import Formats
internal import HTTPTransport
internal import HTTPWire
internal import KubeClient
internal import KubeProtocol

/// Answers of the API in HTTP's form.
enum HTTPAnswer {
  static func make(_ response: KubeResponse, isHead: Bool) -> AsyncHTTPResponse {
    var headers = HTTPHeaders()
    for warning in response.warnings { headers.append("Warning", "299 - \(quoted(warning))") }
    headers.append("Cache-Control", "no-cache, private")
    let body: AsyncHTTPResponse.Body
    switch response.body {
    case .json(let value):
      headers.set("Content-Type", "application/json")
      if response.status == 401 { headers.set("WWW-Authenticate", "Bearer") }
      if let seconds = value.at("details", "retryAfterSeconds")?.int {
        headers.set("Retry-After", String(seconds))
      }
      var bytes = value.encoded()
      bytes.append(UInt8(ascii: "\n"))
      body = .bytes(bytes)
    case .bytes(let bytes, let contentType):
      headers.set("Content-Type", contentType)
      body = .bytes(bytes)
    case .watch(let events):
      headers.set("Content-Type", "application/json")
      body = .stream(lines(events))
    case .stream(let chunks, let contentType):
      headers.set("Content-Type", contentType)
      body = .stream(chunks)
    }
    return AsyncHTTPResponse(
      head: HTTPResponseHead(status: response.status, headers: headers), body: isHead ? .bytes([]) : body)
  }

  /// One JSON text per line. The task that reads belongs to the answer's stream and ends with it.
  private static func lines(
    _ events: AsyncThrowingStream<WatchEvent, any Error>
  ) -> AsyncThrowingStream<Bytes, any Error> {
    AsyncThrowingStream {
      // Iterators of one stream share its place in the sequence.
      var iterator = events.makeAsyncIterator()
      return try await iterator.next()?.line
    }
  }

  /// A `quoted-string` of RFC 9110, in ASCII.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case let other where other.value < 0x20: result += " "
      case let other where other.value > 0x7E: result += "?"
      case let other: result.unicodeScalars.append(other)
      }
    }
    return result + "\""
  }
}
