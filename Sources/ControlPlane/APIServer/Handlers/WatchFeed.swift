internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import KubeStore
internal import Synchronization

/// Turns the store's changes into one watcher's events: selectors, bookmarks, tables, the end by time.
struct WatchFeed: Sendable {
  typealias Continuation = AsyncThrowingStream<WatchEvent, any Error>.Continuation

  let target: ResourceRequest
  let selection: Selection
  let storage: ObjectStorage
  let clock: any WallClock
  let sendsBookmarks: Bool
  let marksInitialEnd: Bool
  let timeoutSeconds: Int64?

  /// A year: what nobody waits for.
  private static let maximumTimeoutSeconds: Int64 = 365 * 86_400
  private static let bookmarkInterval: Duration = .seconds(60)

  /// What the two halves of a feed share.
  private final class Progress: Sendable {
    let revision: Mutex<Int64>
    init(_ revision: Int64) { self.revision = Mutex(revision) }
  }

  func run(
    initial: [KubeObject], start: Int64, changes: AsyncThrowingStream<StoreEvent, any Error>,
    to continuation: Continuation
  ) async {
    var encoder = WatchEventEncoder(target: target, clock: clock)
    for object in initial { continuation.yield(encoder.event(.added, object)) }
    if marksInitialEnd && sendsBookmarks {
      continuation.yield(encoder.bookmark(start, annotations: ["k8s.io/initial-events-end": "true"]))
    }
    let progress = Progress(start)
    let following = encoder
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await follow(changes, following, progress, continuation) }
      if let timeoutSeconds {
        group.addTask { await sleepUntilTimeout(timeoutSeconds) }
      }
      if sendsBookmarks {
        group.addTask { await sendBookmarks(following, progress, continuation) }
      }
      // The first half to end ends the watch; bookmarks alone never do.
      await group.next()
      group.cancelAll()
    }
    if sendsBookmarks && timeoutSeconds != nil && !Task.isCancelled {
      continuation.yield(encoder.bookmark(progress.revision.withLock { $0 }))
    }
    continuation.finish()
  }

  private func follow(
    _ changes: AsyncThrowingStream<StoreEvent, any Error>, _ encoder: WatchEventEncoder, _ progress: Progress,
    _ continuation: Continuation
  ) async {
    var encoder = encoder
    do {
      for try await change in changes {
        if let event = try event(change, &encoder) {
          guard case .enqueued = continuation.yield(event) else { return }
        }
        progress.revision.withLock { $0 = change.value.revision }
      }
    } catch is CancellationError {
      return
    } catch {
      let status = APIServer.kubeError(error).statusJSON
      continuation.yield(WatchEvent(.error, KubeObject(json: status)))
    }
  }

  private func sleepUntilTimeout(_ seconds: Int64) async {
    try? await Task.sleep(for: .seconds(min(max(seconds, 0), Self.maximumTimeoutSeconds)))
  }

  private func sendBookmarks(
    _ encoder: WatchEventEncoder, _ progress: Progress, _ continuation: Continuation
  ) async {
    while (try? await Task.sleep(for: Self.bookmarkInterval)) != nil {
      continuation.yield(encoder.bookmark(progress.revision.withLock { $0 }))
    }
  }

  /// Nil where the change does not concern the watcher. An object that starts or stops to match is added or
  /// deleted.
  private func event(_ change: StoreEvent, _ encoder: inout WatchEventEncoder) throws -> WatchEvent? {
    let old = try change.previous.map { try storage.decodeChange($0) }
    switch change.kind {
    case .created:
      let object = try storage.decodeChange(change.value)
      return selection.matches(object) ? encoder.event(.added, object) : nil
    case .deleted:
      let object = try ObjectStorage.decodeText(change.value)
      return selection.matches(object) ? encoder.event(.deleted, object) : nil
    case .updated:
      let object = try storage.decodeChange(change.value)
      let matched = selection.selectsAll || old.map(selection.matches) ?? false
      switch (matched, selection.matches(object)) {
      case (true, true): return encoder.event(.modified, object)
      case (false, true): return encoder.event(.added, object)
      case (false, false): return nil
      case (true, false):
        guard var last = old else { return nil }
        last.resourceVersion = object.resourceVersion
        return encoder.event(.deleted, last)
      }
    }
  }
}

/// Puts objects into the form that the watcher takes.
struct WatchEventEncoder: Sendable {
  let target: ResourceRequest
  let clock: any WallClock
  private let form: ResponseForm
  private var hasSentColumns = false

  init(target: ResourceRequest, clock: any WallClock) {
    self.target = target
    self.clock = clock
    form = ResponseForm(accept: target.request.accept)
  }

  mutating func event(_ kind: WatchEvent.Kind, _ object: KubeObject) -> WatchEvent {
    var presented = object
    if object.apiVersion != target.resource.apiVersion {
      presented["apiVersion"] = .string(target.resource.apiVersion)
    }
    switch form {
    case .object: return WatchEvent(kind, presented)
    case .partialMetadata: return WatchEvent(kind, KubeObject(json: PartialMetadata.single(presented)))
    case .table:
      let builder = TableBuilder(target.definition, target.request, now: clock.now())
      let table = builder.single(presented, withColumns: !hasSentColumns)
      hasSentColumns = true
      return WatchEvent(kind, KubeObject(json: table))
    }
  }

  func bookmark(_ revision: Int64, annotations: [String: String] = [:]) -> WatchEvent {
    var object = KubeObject(json: [
      "kind": .string(target.resource.kind), "apiVersion": .string(target.resource.apiVersion),
      "metadata": ["resourceVersion": .string(String(revision)), "creationTimestamp": .null],
    ])
    if !annotations.isEmpty { object.annotations = annotations }
    return WatchEvent(.bookmark, object)
  }
}
