public import Basics
public import KubeClient
public import KubeProtocol
public import Linux
internal import Synchronization
public import Telemetry

/// Runs a reconciler: turns informer changes into keys, and works on the keys with a fixed number of workers.
public final class Controller: Sendable {
  /// From a change to the keys that it concerns.
  public typealias Mapping = @Sendable (InformerChange) -> [ObjectKey]

  private struct Source {
    var informer: Informer
    var mapping: Mapping
  }

  public let name: String
  /// For keys that come from elsewhere than informers (load reports, timers).
  public let queue: WorkQueue<ObjectKey>
  private let reconciler: any Reconciler
  private let workers: Int
  private let log: Logger
  private let sources = Mutex<[Source]>([])

  /// - Parameter workers: how many keys are worked on at a time.
  public init(
    name: String, reconciler: any Reconciler, workers: Int = 2, clock: any SleepingClock = SystemClock(),
    log: Logger? = nil
  ) {
    self.name = name
    self.reconciler = reconciler
    self.workers = max(1, workers)
    self.log = log ?? Logger(name)
    queue = WorkQueue(clock: clock)
  }

  // MARK: set-up

  /// Every change of an object queues that object's own key, or what `mapping` makes of the change.
  public func watch(_ informer: Informer, mapping: @escaping Mapping = { [$0.object.key] }) {
    sources.withLock { $0.append(Source(informer: informer, mapping: mapping)) }
    informer.onChange { [queue] change in
      for key in mapping(change) { queue.add(key) }
    }
  }

  /// A change of an object queues its controller owner, where that is of this kind (any version); a change of
  /// owner queues both.
  public func watchOwned(_ informer: Informer, by owner: KubeResource) {
    watch(informer) { Self.ownerKeys($0, owner) }
  }

  /// The keys of the controller owners of the given kind, before and after the change.
  public static func ownerKeys(_ change: InformerChange, _ owner: KubeResource) -> [ObjectKey] {
    var keys: [ObjectKey] = []
    for object in [change.old, change.object].compactMap({ $0 }) {
      guard let reference = object.controllerReference, reference.kind == owner.kind,
        GroupVersionKind(apiVersion: reference.apiVersion, kind: reference.kind).group == owner.group
      else { continue }
      let key = ObjectKey(namespace: owner.isNamespaced ? object.namespace : "", name: reference.name)
      if !keys.contains(key) { keys.append(key) }
    }
    return keys
  }

  public func enqueue(_ key: ObjectKey) { queue.add(key) }

  // MARK: running

  /// Waits until the watched informers are synced (somebody else runs them), then works until the task is
  /// cancelled.
  public func run() async {
    for source in sources.withLock({ $0 }) {
      do { try await source.informer.waitUntilSynced() } catch { return }
    }
    await withDiscardingTaskGroup { group in
      group.addTask { await self.queue.runTimers() }
      for _ in 0..<workers {
        group.addTask {
          while let key = await self.queue.next() { await self.work(on: key) }
        }
      }
    }
  }

  private func work(on key: ObjectKey) async {
    defer {
      queue.done(key)
      if queue.takeOverflow() { addEverything() }
    }
    do {
      let result = try await reconciler.reconcile(key)
      queue.forget(key)
      if let delay = result.requeueAfter { queue.add(key, after: delay) }
    } catch is CancellationError {
      return
    } catch let error as TerminalError {
      queue.forget(key)
      log.warning("gave up until something changes", ["key": "\(key)", "cause": error.message])
    } catch {
      let failures = queue.retry(key)
      // Conflicts are how optimistic writers meet; they become news when they do not end.
      let isOrdinary = (error as? KubeError)?.reason == .conflict && failures < 5
      if isOrdinary {
        log.debug("conflict; trying again", ["key": "\(key)"])
      } else {
        log.warning("failed; trying again", ["key": "\(key)", "tries": "\(failures)", "cause": "\(error)"])
      }
    }
  }

  private func addEverything() {
    for source in sources.withLock({ $0 }) {
      for object in source.informer.list() {
        for key in source.mapping(.added(object)) { queue.add(key) }
      }
    }
  }
}
