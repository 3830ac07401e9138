public import Basics
public import Linux
public import KubeProtocol
internal import Synchronization
public import Telemetry

/// A local copy of one collection, kept up to date by list and watch. Reads are synchronous snapshots from
/// any thread and never block on the network; changes are told to handlers in order. `run()` does the work
/// until it is cancelled: a cut watch goes on where it was, an expired one lists again, failures are retried
/// with growing delays.
public final class Informer: Sendable {
  public typealias IndexFunction = @Sendable (KubeObject) -> [String]

  /// Present in every informer: the uid of the controller owner.
  public static let ownerIndex = "owner-uid"

  public let resource: KubeResource
  public let namespace: String?
  let labelSelector: String?
  let fieldSelector: String?
  private let client: KubeClient
  private let clock: any SleepingClock
  private let log: Logger
  private let store = Mutex(InformerStore())
  /// Held while a change is put in the store and told: keeps the order. Never taken by readers.
  private let delivery = Mutex<[@Sendable (InformerChange) -> Void]>([])
  private let synced = Latch()
  private let reads = Atomic<Int>(0)

  private static let namespaceIndex = "namespace"
  private static let shortestHealthyWatch: Duration = .seconds(1)

  /// - Parameters:
  ///   - namespace: nil for all namespaces.
  ///   - labelSelector: as in the API; nil for everything.
  public init(
    client: KubeClient, resource: KubeResource, namespace: String? = nil, labelSelector: String? = nil,
    fieldSelector: String? = nil, clock: any SleepingClock = SystemClock(), log: Logger = Logger("informer")
  ) {
    self.client = client
    self.resource = resource
    self.namespace = namespace
    self.labelSelector = labelSelector
    self.fieldSelector = fieldSelector
    self.clock = clock
    self.log = log
    addIndex(Self.namespaceIndex) { [$0.namespace] }
    addIndex(Self.ownerIndex) { object in object.controllerReference.map { [$0.uid] } ?? [] }
  }

  // MARK: reading

  /// True once the first list is in the store.
  public var isSynced: Bool { synced.isOpen }

  /// Throws `CancellationError` only.
  public func waitUntilSynced() async throws { try await synced.wait() }

  /// How many objects this copy has handed out: what a change costs its readers must not grow with the
  /// collection.
  public var objectsRead: Int { reads.load(ordering: .relaxed) }

  public func get(_ key: ObjectKey) -> KubeObject? {
    reads.wrappingAdd(1, ordering: .relaxed)
    return store.withLock { $0.objects[key] }
  }

  public func get(namespace: String = "", name: String) -> KubeObject? {
    get(ObjectKey(namespace: namespace, name: name))
  }

  /// Sorted by key. Nil for all namespaces.
  public func list(namespace: String? = nil) -> [KubeObject] {
    if let namespace { return byIndex(Self.namespaceIndex, namespace) }
    let all = store.withLock { Array($0.objects.values) }
    reads.wrappingAdd(all.count, ordering: .relaxed)
    return all.sorted { $0.key < $1.key }
  }

  /// The objects that the index files under `value`, sorted by key; none for an index that was never added.
  public func byIndex(_ name: String, _ value: String) -> [KubeObject] {
    let found = store.withLock { $0.objects(index: name, value: value) }
    reads.wrappingAdd(found.count, ordering: .relaxed)
    return found.count < 2 ? found : found.sorted { $0.key < $1.key }
  }

  /// How many objects the index files under `value`; costs nothing.
  public func count(index name: String, _ value: String) -> Int {
    store.withLock { $0.count(index: name, value: value) }
  }

  /// The objects whose controller owner has this uid, sorted by key.
  public func owned(by uid: String) -> [KubeObject] { byIndex(Self.ownerIndex, uid) }

  /// The revision up to which this copy is complete; "" before the first list.
  public var resourceVersion: String { store.withLock { $0.resourceVersion } }

  /// True once this copy includes the write that returned `resourceVersion` (decimal, as in the embedded
  /// server; a server with other revisions answers true, and writers rely on conflicts instead).
  public func hasObserved(_ resourceVersion: String) -> Bool {
    guard let wanted = UInt64(resourceVersion) else { return true }
    let seen = self.resourceVersion
    return UInt64(seen).map { $0 >= wanted } ?? !seen.isEmpty
  }

  // MARK: set-up

  /// Adds a named index; a name that exists already keeps its function.
  public func addIndex(_ name: String, _ function: @escaping IndexFunction) {
    store.withLock { $0.addIndex(name, function) }
  }

  /// Tells `handler` every object there is as `added`, then each change in order, on the informer's task.
  /// Handlers are quick, never block, may read this informer, and must not call `onChange` of the same
  /// informer.
  public func onChange(_ handler: @escaping @Sendable (InformerChange) -> Void) {
    delivery.withLock { handlers in
      for object in list() { handler(.added(object)) }
      handlers.append(handler)
    }
  }

  // MARK: running

  /// Keeps the copy up to date until the task is cancelled.
  public func run() async {
    var backoff = Backoff(initial: .milliseconds(20), maximum: .seconds(10))
    while !Task.isCancelled {
      let started = clock.monotonicNow()
      let end = await follow(&backoff)
      if clock.monotonicNow() - started >= Self.shortestHealthyWatch { backoff.reset() }
      switch end {
      case .cancelled: return
      case .ended where backoff.attempts == 0:
        // Ended by the server, as watches are. One that ends at once each time must not become a busy loop.
        _ = backoff.next()
        continue
      case .expired where backoff.attempts == 0:
        _ = backoff.next()
        continue
      case .ended, .expired: break
      case .failed(let error):
        // The first tries come quickly: of each the log would tell the same.
        if (backoff.attempts &+ 1).nonzeroBitCount == 1 {
          log.warning(
            "cannot follow; trying again", ["resource": resource.qualifiedName, "cause": "\(error)"])
        }
      }
      do { try await clock.sleep(for: backoff.next()) } catch { return }
    }
  }

  /// How a watch came to its end.
  private enum End {
    case cancelled
    case ended
    /// Its revision is gone: everything may have changed, and is listed again.
    case expired
    case failed(any Error)
  }

  /// Lists where that is needed, then takes events until the watch ends. An event shows that all is well: the
  /// next delay is short again.
  private func follow(_ backoff: inout Backoff) async -> End {
    do {
      if resourceVersion.isEmpty { try await replaceAll() }
      let events = try await client.watch(
        resource, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector,
        resourceVersion: resourceVersion)
      for try await event in events {
        if event.kind == .error { throw KubeError(statusJSON: event.object.json, httpStatus: 500) }
        backoff.reset()
        take(event)
      }
      return Task.isCancelled ? .cancelled : .ended
    } catch is CancellationError {
      return .cancelled
    } catch let error as KubeError
      where error.reason == .expired || error.reason == .gone || error.code == 410
    {
      store.withLock { $0.resourceVersion = "" }
      return .expired
    } catch {
      return Task.isCancelled ? .cancelled : .failed(error)
    }
  }

  /// Lists, and tells the difference to what was there.
  private func replaceAll() async throws {
    let list = try await client.list(
      resource, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector)
    delivery.withLock { handlers in
      let changes = store.withLock { store in
        let kept = Set(list.items.map(\.key))
        var changes = store.objects.keys.filter { !kept.contains($0) }.sorted()
          .compactMap { store.remove($0).map { InformerChange.deleted($0) } }
        for object in list.items {
          if let change = store.put(object) { changes += Self.split(change) }
        }
        store.resourceVersion = list.resourceVersion
        return changes
      }
      for change in changes { for handler in handlers { handler(change) } }
    }
    synced.open()
  }

  private func take(_ event: WatchEvent) {
    delivery.withLock { handlers in
      let changes = store.withLock { store -> [InformerChange] in
        let revision = event.object.resourceVersion
        if !revision.isEmpty { store.resourceVersion = revision }
        switch event.kind {
        case .added, .modified: return store.put(event.object).map(Self.split) ?? []
        case .deleted: return store.remove(event.object.key).map { _ in [.deleted(event.object)] } ?? []
        case .bookmark, .error: return []
        }
      }
      for change in changes { for handler in handlers { handler(change) } }
    }
  }

  /// An object that was replaced by another of the same name is told as deleted and added.
  private static func split(_ change: InformerChange) -> [InformerChange] {
    if case .updated(let old, let new) = change, old.uid != new.uid { return [.deleted(old), .added(new)] }
    return [change]
  }
}
