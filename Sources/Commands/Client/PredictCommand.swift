internal import Basics
internal import Formats
internal import HTTPTransport
internal import HTTPWire
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// `apus predict NAME -d @FILE`: asks a service through its own URL, V1 or V2 by the body's shape.
enum PredictCommand {
  static let verb = Verb.reporting("predict", "ask a service: NAME -d @FILE (or -d JSON)") { arguments in
    let parsed = try Arguments(
      arguments, grammar: ClientSession.grammar(options: ["data", "model"], short: ["d": "data"]))
    guard let name = parsed.positional.first, let data = parsed.value("data") else {
      throw UsageError(message: "the form is: apus predict NAME -d @FILE")
    }
    let body = try readBody(data)
    return try await ClientSession.with(parsed) { session in
      let service = try await session.client.get(.inferenceServices, namespace: session.namespace, name: name)
      guard let url = service.status?["url"]?.string else {
        let conditions = service.status?["conditions"]?.array ?? []
        let reason = conditions.first { $0["type"]?.string == "Ready" }?["message"]?.string
        let isStopped = conditions.contains {
          $0["type"]?.string == "Stopped" && $0["status"]?.string == "True"
        }
        let text = isStopped ? "it is stopped by an annotation" : reason ?? "it is still being set up"
        throw KubeError(.serviceUnavailable, "\(name) has no address: \(text)")
      }
      let model = parsed.value("model") ?? name
      let path = isV2(body) ? "/v2/models/\(model)/infer" : "/v1/models/\(model):predict"
      let response = try await session.http.send(
        HTTPClientRequest(
          method: "POST", url: url + path, headers: ["Content-Type": "application/json"], body: body,
          timeout: .seconds(600)))
      let text = String(decoding: response.body, as: UTF8.self)
      if response.head.status == 200 {
        StandardStreams.write(text.hasSuffix("\n") ? text : text + "\n")
        return 0
      }
      StandardStreams.writeError("apus predict: \(url)\(path) answered \(response.head.status): \(text)\n")
      return 1
    }
  }

  /// `@path`, `@-` for standard input, or the body itself.
  private static func readBody(_ data: String) throws -> Bytes {
    guard data.hasPrefix("@") else { return Bytes(data.utf8) }
    let path = data == "@-" ? "/dev/stdin" : String(data.dropFirst())
    do {
      return try Files.read(path)
    } catch {
      throw UsageError(message: "\(path) cannot be read: \(error.reason)")
    }
  }

  /// V2 requests name a datatype for each input; V1 ones never do.
  private static func isV2(_ body: Bytes) -> Bool {
    guard let json = try? JSONValue(parsing: body) else { return false }
    return json["inputs"]?[0]?["datatype"] != nil
  }
}
