internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux
internal import ServingAPI
internal import ServingControllers

/// Follows one InferenceService: progress is shown live in a terminal, and nothing but the end in a pipe.
struct ServiceWatch: Sendable {
  let session: ClientSession
  let name: String

  /// Waits until the service is as wanted; says why it is not where time runs out.
  func follow(
    timeout: Duration, _ isWanted: @escaping @Sendable (KubeObject) -> Bool
  ) async throws -> Bool {
    let isMet = try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask { try await watch(isWanted) }
      group.addTask {
        try await Task.sleep(for: timeout)
        return false
      }
      defer { group.cancelAll() }
      return try await group.next() ?? false
    }
    clearLine()
    if !isMet { try await tellWhy(timeout) }
    return isMet
  }

  private func watch(_ isWanted: @Sendable (KubeObject) -> Bool) async throws -> Bool {
    let selector = "metadata.name=\(name)"
    while !Task.isCancelled {
      let list = try await session.client.list(
        .inferenceServices, namespace: session.namespace, fieldSelector: selector)
      guard let first = list.items.first else { throw KubeError.notFound(.inferenceServices, name) }
      if isWanted(first) { return true }
      show(first)
      let events = try await session.client.watch(
        .inferenceServices, namespace: session.namespace, fieldSelector: selector,
        resourceVersion: list.resourceVersion)
      for try await event in events {
        if event.kind == .deleted { throw KubeError.notFound(.inferenceServices, name) }
        if isWanted(event.object) { return true }
        show(event.object)
      }
    }
    return false
  }

  // MARK: progress

  private var isLive: Bool { StandardStreams.outputIsTerminal }

  private func show(_ object: KubeObject) {
    guard isLive else { return }
    let ready = (object.status?["conditions"]?.array ?? []).first { $0["type"]?.string == "Ready" }
    let model = object.status?.at("modelStatus", "states", "targetModelState")?.string ?? "Pending"
    let message = ready?["message"]?.string ?? "being set up"
    let width = TerminalStyle.output.width - 2
    StandardStreams.write("\r\u{1B}[2K" + String("\(name): \(model): \(message)".prefix(width)))
  }

  private func clearLine() {
    if isLive { StandardStreams.write("\r\u{1B}[2K") }
  }

  private func tellWhy(_ timeout: Duration) async throws {
    let evidence = try await EvidenceReader(client: session.client).evidence(session.namespace, name)
    let cause = Explanation(evidence).cause
    StandardStreams.writeError(
      "\(name): still not so after \(timeout.components.seconds) s: "
        + "\(cause?.sentence ?? "nothing is wrong with the service")\n")
  }
}
