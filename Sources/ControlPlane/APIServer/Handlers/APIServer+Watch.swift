internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import KubeStore

extension APIServer {
  /// How many events a watcher may lag behind before its stream ends (it lists again).
  private static let watchBuffer = 4096

  func watch(_ target: ResourceRequest) async throws -> KubeResponse {
    let selection = try Selection(target)
    let prefix = target.definition.storagePrefix(namespace: target.namespace)
    let wanted = target.request.queryValue("resourceVersion") ?? ""
    let sendsInitial = target.request.queryValue("sendInitialEvents").map { $0 == "true" }
    var initial: [KubeObject] = []
    let start: Int64
    if sendsInitial ?? (wanted.isEmpty || wanted == "0") {
      let (objects, revision) = try await storage.list(prefix: prefix)
      initial = objects.filter(selection.matches).map { present($0, target.definition) }
      start = revision
    } else if wanted.isEmpty || wanted == "0" {
      start = try await storage.store.currentRevision()
    } else {
      guard let revision = Int64(wanted), revision >= 0 else {
        throw KubeError(
          .badRequest, "resourceVersion: Invalid value: \"\(wanted)\": must be a decimal number")
      }
      start = revision
    }
    let changes = try await storage.store.watch(prefix: prefix, after: start)
    let feed = WatchFeed(
      target: target, selection: selection, storage: storage, clock: clock,
      sendsBookmarks: target.flag("allowWatchBookmarks"), marksInitialEnd: sendsInitial == true,
      timeoutSeconds: target.request.queryValue("timeoutSeconds").flatMap(Int64.init))
    let (stream, continuation) = AsyncThrowingStream.makeStream(
      of: WatchEvent.self, bufferingPolicy: .bufferingOldest(Self.watchBuffer + initial.count))
    let first = initial
    // Owned by the stream: whoever stops reading ends it.
    let task = Task { await feed.run(initial: first, start: start, changes: changes, to: continuation) }
    continuation.onTermination = { _ in task.cancel() }
    return KubeResponse(status: 200, body: .watch(stream))
  }
}
