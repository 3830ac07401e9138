import Formats
import KubeClient
import KubeProtocol
import Synchronization

/// A server of one collection of config maps, whose watches the test cuts, refuses and delays.
final class FakeCollection: KubeTransport {
  private struct State {
    var objects: [String: KubeObject] = [:]
    var revision = 1
    var history: [(revision: Int, event: WatchEvent)] = []
    var oldestRevision = 0
    var watches: [AsyncThrowingStream<WatchEvent, any Error>.Continuation] = []
    var watchCount = 0
    var listCount = 0
    var refusals: [KubeError] = []
    var waiters: [(isMet: @Sendable (Int, Int) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  var lists: Int { state.withLock { $0.listCount } }
  var watches: Int { state.withLock { $0.watchCount } }

  // MARK: what happens on the server

  @discardableResult
  func put(_ name: String, _ value: String, uid: String? = nil, owner: String? = nil) -> String {
    state.withLock { state in
      state.revision += 1
      var object = KubeObject(.configMaps, namespace: "n", name: name)
      let old = state.objects[name]
      object.uid = uid ?? old?.uid ?? "uid-\(name)"
      object.resourceVersion = "\(state.revision)"
      object["data"] = ["value": .string(value)]
      if let owner {
        var parent = KubeObject(.deployments, namespace: "n", name: owner)
        parent.uid = owner
        object.ownerReferences = [OwnerReference(controller: parent)]
      }
      state.objects[name] = object
      Self.tell(WatchEvent(old == nil ? .added : .modified, object), &state)
      return object.resourceVersion
    }
  }

  func remove(_ name: String) {
    state.withLock { state in
      guard var object = state.objects.removeValue(forKey: name) else { return }
      state.revision += 1
      object.resourceVersion = "\(state.revision)"
      Self.tell(WatchEvent(.deleted, object), &state)
    }
  }

  func bookmark() {
    state.withLock { state in
      state.revision += 1
      var object = KubeObject(.configMaps, name: "")
      object.resourceVersion = "\(state.revision)"
      for watch in state.watches { watch.yield(WatchEvent(.bookmark, object)) }
    }
  }

  /// Ends every watch, with an error or as a server does at its time limit.
  func cutWatches(_ error: (any Error)? = nil) {
    let watches = state.withLock { state in
      defer { state.watches = [] }
      return state.watches
    }
    for watch in watches { watch.finish(throwing: error) }
  }

  /// Forgets history: watches from before now are answered 410.
  func compact() { state.withLock { $0.oldestRevision = $0.revision } }

  func refuseNext(_ errors: KubeError...) { state.withLock { $0.refusals += errors } }

  func waitForWatches(_ count: Int) async { await wait { _, watches in watches >= count } }
  func waitForLists(_ count: Int) async { await wait { lists, _ in lists >= count } }

  private func wait(_ isMet: @escaping @Sendable (Int, Int) -> Bool) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if isMet(state.listCount, state.watchCount) { return true }
        state.waiters.append((isMet, continuation))
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  private static func tell(_ event: WatchEvent, _ state: inout State) {
    state.history.append((state.revision, event))
    for watch in state.watches { watch.yield(event) }
  }

  // MARK: requests

  func send(_ request: KubeRequest) async throws -> KubeResponse {
    let isWatch = request.queryValue("watch") == "true"
    let (response, met) = state.withLock { state in
      let response = isWatch ? Self.watch(request, &state) : Self.list(&state)
      let (lists, watches) = (state.listCount, state.watchCount)
      let met = state.waiters.filter { $0.isMet(lists, watches) }.map(\.continuation)
      state.waiters.removeAll { $0.isMet(lists, watches) }
      return (response, met)
    }
    for continuation in met { continuation.resume() }
    return response
  }

  private static func refusal(_ state: inout State) -> KubeResponse? {
    guard !state.refusals.isEmpty else { return nil }
    let error = state.refusals.removeFirst()
    return KubeResponse(status: error.code, body: .json(error.statusJSON))
  }

  private static func list(_ state: inout State) -> KubeResponse {
    state.listCount += 1
    if let refusal = refusal(&state) { return refusal }
    let items = state.objects.values.sorted { $0.key < $1.key }.map(\.json)
    return KubeResponse(
      status: 200,
      body: .json([
        "kind": "ConfigMapList", "apiVersion": "v1",
        "metadata": ["resourceVersion": .string("\(state.revision)")],
        "items": .array(items),
      ]))
  }

  private static func watch(_ request: KubeRequest, _ state: inout State) -> KubeResponse {
    state.watchCount += 1
    if let refusal = refusal(&state) { return refusal }
    let from = request.queryValue("resourceVersion").flatMap { Int($0) } ?? 0
    if from < state.oldestRevision {
      let error = KubeError(.expired, "too old resource version: \(from)")
      return KubeResponse(status: 410, body: .json(error.statusJSON))
    }
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: WatchEvent.self)
    for entry in state.history where entry.revision > from { continuation.yield(entry.event) }
    state.watches.append(continuation)
    return KubeResponse(status: 200, body: .watch(stream))
  }
}
