public import ModelRuntime
internal import Linux
internal import Synchronization

/// The models of one server by name. Readers take immutable snapshots; loading happens aside and is swapped
/// in, so that no request is dropped and a failed load leaves the old version serving.
public final class ModelRepository: Sendable {
  /// All models at one moment.
  public final class Snapshot: Sendable {
    public let models: [String: ModelEntry]
    let version: UInt64

    init(models: [String: ModelEntry], version: UInt64) {
      self.models = models
      self.version = version
    }

    public var names: [String] { models.keys.sorted() }
    public var isReady: Bool { models.values.allSatisfy { $0.loaded != nil } }
  }

  /// Loads the model of a name; blocks.
  public typealias Load = @Sendable (_ name: String) throws(ModelLoadError) -> any LoadedModel

  private let current: Mutex<Snapshot>
  private let version = Atomic<UInt64>(0)
  private let metricShards: Int
  private let loadModel: Load

  /// - Parameters:
  ///   - metricShards: event loops plus one.
  ///   - load: loads the model of a name for `load(_:)`.
  public init(metricShards: Int, load: @escaping Load) {
    current = Mutex(Snapshot(models: [:], version: 0))
    self.metricShards = metricShards
    loadModel = load
  }

  public func snapshot() -> Snapshot { current.withLock { $0 } }

  /// Changes whenever `snapshot()` does; reading it takes no lock.
  var snapshotVersion: UInt64 { version.load(ordering: .acquiring) }

  /// Loads, or loads anew, the model of that name. Blocks: on the main thread at start, on a worker later.
  public func load(_ name: String) throws(ModelLoadError) {
    update(name) { $0.state = .loading }
    let clock = SystemClock()
    let start = clock.monotonicNow()
    do {
      let model = try loadModel(name)
      let seconds = (clock.monotonicNow() - start) / .seconds(1)
      update(name) { entry in
        entry.state = .ready
        entry.loaded = model
        entry.loadSeconds = seconds
      }
    } catch {
      update(name) { $0.state = .failed(error) }
      throw error
    }
  }

  /// Gives the model's memory back once the last request that uses it has ended.
  /// - Returns: false where there is no model of that name.
  @discardableResult
  public func unload(_ name: String) -> Bool {
    guard snapshot().models[name] != nil else { return false }
    update(name) { entry in
      entry.state = .unloaded
      entry.loaded = nil
      entry.loadSeconds = nil
    }
    return true
  }

  private func update(_ name: String, _ change: (inout ModelEntry) -> Void) {
    current.withLock { snapshot in
      var models = snapshot.models
      var entry =
        models[name]
        ?? ModelEntry(name: name, state: .loading, metrics: ModelMetrics(shards: metricShards))
      change(&entry)
      models[name] = entry
      snapshot = Snapshot(models: models, version: snapshot.version &+ 1)
      version.store(snapshot.version, ordering: .releasing)
    }
  }
}

/// One thread's copy of the repository's snapshot: looking at it takes no lock while nothing changes.
/// `@unchecked Sendable`: each view is used on one thread only, that of its event loop.
final class RepositoryView: @unchecked Sendable {
  private let repository: ModelRepository
  private var cached: ModelRepository.Snapshot

  init(_ repository: ModelRepository) {
    self.repository = repository
    cached = repository.snapshot()
  }

  var snapshot: ModelRepository.Snapshot {
    if cached.version != repository.snapshotVersion { cached = repository.snapshot() }
    return cached
  }
}
