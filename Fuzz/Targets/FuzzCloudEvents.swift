// fuzz: module=InferenceProtocol reader=Sources/Protocols/InferenceProtocol/CloudEvents
import Formats
import InferenceProtocol

/// Any bytes as a structured event, and as the header lines of a binary one: refused, or an event whose
/// answer is JSON and whose headers are printable.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCloudEvents(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let body = UnsafeRawBufferPointer(start: start, count: count)
  let reply = CloudEventReply(mergesAttributes: true)
  var events: [CloudEvent] = []
  for isDeclared in [true, false] {
    guard let (event, data) = (try? CloudEvent.structured(body, isDeclared: isDeclared)) ?? nil else {
      continue
    }
    if case .json(let range) = data {
      guard range.lowerBound >= 0, range.upperBound <= count else { fatalError("the data lies outside") }
      #if PLANTED_BUG
        if event.attributes["id"] == "2" { fatalError("planted bug") }
      #endif
    }
    events.append(event)
  }
  let lines = String(decoding: body, as: UTF8.self).split(separator: "\n").map { line in
    let parts = line.split(separator: ":", maxSplits: 1)
    return (name: String(parts.first ?? ""), value: String(parts.last ?? ""))
  }
  if let event = (try? CloudEvent.binary(headers: lines, contentType: nil)) ?? nil { events.append(event) }
  for event in events {
    let attributes = reply.attributes(answering: event, model: "m", id: "1", time: "2026-01-01T00:00:00Z")
    let text = CloudEventReply.structuredBody(attributes, data: Array("{}".utf8))
    guard let json = try? JSONValue(parsing: text), json["data"] == [:] else {
      fatalError("the answer is no JSON")
    }
    for (name, value) in CloudEventReply.headers(attributes) {
      guard (name + value).utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        fatalError("a header that nobody can send")
      }
    }
  }
  return 0
}
