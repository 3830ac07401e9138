internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// `apus logs NAME [-f]`: the output of an InferenceService's pods; `pod/NAME` for one pod.
enum LogsCommand {
  static let verb = Verb.reporting("logs", "show a service's output: NAME or pod/NAME [-f] [-c CONTAINER]") {
    arguments in
    let parsed = try Arguments(
      arguments,
      grammar: ClientSession.grammar(
        options: ["container", "tail"], switches: ["follow", "previous"],
        short: ["f": "follow", "c": "container", "p": "previous"]))
    return try await ClientSession.with(parsed) { session in
      guard let name = parsed.positional.first else {
        throw UsageError(message: "name an InferenceService, or pod/NAME")
      }
      let pods = try await pods(name, session)
      for pod in pods {
        for container in try containers(of: pod, wanted: parsed.value("container")) {
          if pods.count > 1 { StandardStreams.write("==> \(pod.name) \(container) <==\n") }
          try await show(pod, container: container, parsed: parsed, session: session)
        }
      }
      return 0
    }
  }

  private static func pods(_ name: String, _ session: ClientSession) async throws -> [KubeObject] {
    if name.hasPrefix("pod/") || name.hasPrefix("pods/") {
      let podName = String(name.split(separator: "/", maxSplits: 1).last ?? "")
      return [try await session.client.get(.pods, namespace: session.namespace, name: podName)]
    }
    let service = String(name.split(separator: "/").last ?? "")
    let selector = "serving.kserve.io/inferenceservice=\(service)"
    let pods = try await session.client.list(.pods, namespace: session.namespace, labelSelector: selector)
      .items
    guard !pods.isEmpty else {
      throw UsageError(
        message: "there is no pod of an InferenceService \"\(service)\" in \(session.namespace)")
    }
    return pods.sorted { $0.name < $1.name }
  }

  private static func containers(of pod: KubeObject, wanted: String?) throws -> [String] {
    let names = (pod.spec?["containers"]?.array ?? []).compactMap { $0["name"]?.string }
    let initial = (pod.spec?["initContainers"]?.array ?? []).compactMap { $0["name"]?.string }
    guard let wanted else { return names }
    guard (names + initial).contains(wanted) else {
      throw UsageError(
        message: "pod \(pod.name) has the containers \((initial + names).joined(separator: ", "))")
    }
    return [wanted]
  }

  private static func show(
    _ pod: KubeObject, container: String, parsed: Arguments, session: ClientSession
  ) async throws {
    var query: [(name: String, value: String)] = [("container", container)]
    if parsed.has("follow") { query.append(("follow", "true")) }
    if parsed.has("previous") { query.append(("previous", "true")) }
    if let tail = parsed.value("tail") { query.append(("tailLines", tail)) }
    let path = KubeResource.pods.path(namespace: pod.namespace, name: pod.name, subresource: "log")
    let response = try await session.client.transport.send(
      .init(method: "GET", path: path, query: query, accept: "text/plain, */*"))
    switch response.body {
    case .stream(let chunks, _):
      for try await chunk in chunks { StandardStreams.write(String(decoding: chunk, as: UTF8.self)) }
    case .bytes(let bytes, _) where response.status == 200:
      StandardStreams.write(String(decoding: bytes, as: UTF8.self))
    case .json(let status): throw KubeError(statusJSON: status, httpStatus: response.status)
    default: throw KubeError(.unknown, "the log of \(pod.name) was answered with \(response.status)")
    }
  }
}
