internal import KubeClient
internal import KubeProtocol
internal import KubeStore

extension APIServer {
  func watch(_ target: ResourceRequest) async throws -> KubeResponse {
    let selection = try Selection(target)
    let timeoutSeconds = try target.integer("timeoutSeconds")
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
      start = try target.resourceVersion()
    }
    let changes = try await storage.store.watch(prefix: prefix, after: start)
    let sendsBookmarks = target.flag("allowWatchBookmarks")
    // Owned by the stream: whoever stops reading ends it.
    let reader = WatchReader(
      initial: initial, marksInitialEnd: sendsInitial == true && sendsBookmarks, start: start,
      changes: changes, feed: WatchFeed(sendsBookmarks: sendsBookmarks, timeoutSeconds: timeoutSeconds),
      selection: selection, storage: storage,
      encoder: WatchEventEncoder(target: target, clock: clock, recent: recentEvents))
    return KubeResponse(status: 200, body: .watch(AsyncThrowingStream { await reader.next() }))
  }
}
