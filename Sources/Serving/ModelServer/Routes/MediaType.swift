/// The type of a body, as `Content-Type` tells it (RFC 9110 §8.3): compared without case, parameters aside.
enum MediaType: Sendable, Hashable {
  case json
  case cloudEvent
  /// `application/octet-stream`
  case binary
  /// Says nothing of the content: absent, or what curl and browsers say unasked.
  case unknown
  /// Something else, in lower case.
  case other(String)

  init(_ header: String?) {
    guard let header else {
      self = .unknown
      return
    }
    // Most clients write it plainly, and going through characters takes longer than a small model.
    let essence =
      Self.isPlain(header)
      ? header
      : header.prefix { $0 != ";" && $0 != "," }.filter { $0 != " " && $0 != "\t" }.lowercased()
    switch essence {
    case "", "*/*", "application/x-www-form-urlencoded", "text/plain": self = .unknown
    case "application/json", "application/ld+json", "text/json": self = .json
    case "application/cloudevents+json": self = .cloudEvent
    case "application/octet-stream": self = .binary
    default: self = essence.hasSuffix("+json") ? .json : .other(essence)
    }
  }

  /// Nothing but small ASCII letters, digits and the signs of a type's name.
  private static func isPlain(_ header: String) -> Bool {
    header.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "*")...UInt8(ascii: "9")).contains(byte) && byte != UInt8(ascii: ",")
    }
  }
}
