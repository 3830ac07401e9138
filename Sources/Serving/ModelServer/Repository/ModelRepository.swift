internal import Linux
public import ModelRuntime
internal import Synchronization

/// The models of one server by name and version. Loading happens aside and is swapped in, so that no request
/// is dropped and a failed load leaves the old instance serving; an instance lives until its last request has
/// ended. Finding a model costs one look-up, changing one touches no other.
public final class ModelRepository: Sendable {
  /// Loads the model of a name; blocks.
  public typealias Load = @Sendable (_ name: String) throws(ModelLoadError) -> any LoadedModel

  /// What makes the server ready.
  public enum Readiness: Sendable {
    /// Every model can answer.
    case allModels
    /// The models have been looked at once; some may have failed.
    case startedUp
  }

  struct Table {
    var slots: [String: ModelSlot] = [:]
    /// Names none of whose versions can answer.
    var unready: Set<String> = []
  }

  let table = Mutex(Table())
  let catalogue: any ModelCatalogue
  let budget: MemoryBudget
  private let metricShards: Int
  let readiness: Readiness
  private let changes = Atomic<UInt64>(0)
  private let instances = Atomic<UInt64>(0)
  private let startingUp = Atomic<Bool>(false)

  /// - Parameters:
  ///   - metricShards: event loops plus one.
  ///   - memoryLimit: bytes that loaded models may take in all; nil for no limit.
  public init(
    metricShards: Int, catalogue: any ModelCatalogue, readiness: Readiness = .allModels,
    memoryLimit: Int? = nil
  ) {
    self.metricShards = metricShards
    self.catalogue = catalogue
    self.readiness = readiness
    budget = MemoryBudget(limit: memoryLimit)
  }

  /// - Parameter load: loads the model of a name for `load(_:)`.
  public convenience init(
    metricShards: Int, settings: ModelSettings = ModelSettings(), load: @escaping Load
  ) {
    self.init(metricShards: metricShards, catalogue: ClosureCatalogue(settings: settings, body: load))
  }

  // MARK: looking

  /// What answers for a model, or would: the given version, else the newest that is loaded. From any thread.
  public func entry(_ name: String, version: String? = nil) -> ModelEntry? {
    ModelSlot.chosen(versions(of: name), version)
  }

  /// Every version of a model, newest first; empty for an unknown name.
  public func versions(of name: String) -> [ModelEntry] {
    table.withLock { $0.slots[name] }?.entries ?? []
  }

  /// Every version of every model, by name.
  public func entries() -> [ModelEntry] {
    table.withLock { $0.slots }.sorted { $0.key < $1.key }.flatMap(\.value.entries)
  }

  public var names: [String] { table.withLock { $0.slots.keys.sorted() } }

  /// How many names there are.
  var count: Int { table.withLock { $0.slots.count } }

  public var isReady: Bool {
    switch readiness {
    case .allModels: table.withLock { $0.unready.isEmpty && !$0.slots.isEmpty }
    case .startedUp: !startingUp.load(ordering: .relaxed)
    }
  }

  /// Between these the models are looked at for the first time.
  func beginStart() { startingUp.store(true, ordering: .relaxed) }
  func endStart() { startingUp.store(false, ordering: .relaxed) }

  /// Grows with every change; reading it takes no lock.
  var changeCount: UInt64 { changes.load(ordering: .acquiring) }

  // MARK: changing

  /// The slot of a name, made where there is none yet.
  func slot(making name: String) -> ModelSlot {
    table.withLock { table in
      if let slot = table.slots[name] { return slot }
      let slot = ModelSlot(name: name)
      table.slots[name] = slot
      table.unready.insert(name)
      return slot
    }
  }

  /// Changes the entries of a model and what is counted of them.
  /// - Returns: what they are now.
  @discardableResult
  func update(_ slot: ModelSlot, _ change: (inout [EntryDraft]) -> Void) -> [ModelEntry] {
    let entries = slot.update(change)
    table.withLock { table in
      if entries.isEmpty {
        table.slots[slot.name] = nil
        table.unready.remove(slot.name)
      } else if entries.contains(where: \.isServable) {
        table.unready.remove(slot.name)
      } else {
        table.unready.insert(slot.name)
      }
    }
    changes.wrappingAdd(1, ordering: .releasing)
    return entries
  }

  func draft(_ source: ModelSource) -> EntryDraft {
    EntryDraft(
      name: source.name, version: source.version, settings: source.settings,
      metrics: ModelMetrics(shards: metricShards))
  }

  func nextInstance() -> UInt64 { instances.wrappingAdd(1, ordering: .relaxed).newValue }
}

/// One thread's memory of what it found in the repository: looking at it takes no lock while nothing changes.
/// `@unchecked Sendable`: each view is used on one thread only, that of its event loop.
final class RepositoryView: @unchecked Sendable {
  let repository: ModelRepository
  /// Names that exist only: their number is bounded by the repository's.
  private var known: [String: [ModelEntry]] = [:]

  init(_ repository: ModelRepository) { self.repository = repository }

  /// As `ModelRepository.entry`.
  func entry(_ name: String, version: String? = nil) -> ModelEntry? {
    if let entries = known[name], entries.first?.isCurrent == true {
      return ModelSlot.chosen(entries, version)
    }
    let entries = repository.versions(of: name)
    known[name] = entries.isEmpty ? nil : entries
    return ModelSlot.chosen(entries, version)
  }
}
