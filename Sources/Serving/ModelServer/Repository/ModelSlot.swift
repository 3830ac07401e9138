internal import ModelRuntime
internal import Synchronization

/// All versions of one model. Its entries are replaced as a whole when one of them changes, so that a reader
/// may keep what it found for as long as `isCurrent` says so.
final class ModelSlot: Sendable {
  let name: String
  /// Held while versions are loaded or unloaded, which may take long: never on a loop.
  let loading = Mutex(())
  private let state = Mutex<[ModelEntry]>([])

  init(name: String) { self.name = name }

  /// Newest first.
  var entries: [ModelEntry] { state.withLock { $0 } }

  /// Replaces the entries by what `change` makes of them, and ends the old ones' time.
  /// - Returns: what they are now.
  func update(_ change: (inout [EntryDraft]) -> Void) -> [ModelEntry] {
    state.withLock { entries in
      var drafts = entries.map(EntryDraft.init)
      change(&drafts)
      let epoch = EntryEpoch()
      let old = entries.first?.epoch
      entries = drafts.map { $0.entry(epoch) }
      old?.end()
      return entries
    }
  }

  /// The entry that answers where no version was asked for: the newest that is loaded, else the newest that
  /// can be loaded on demand, else the newest.
  static func chosen(_ entries: [ModelEntry], _ version: String?) -> ModelEntry? {
    if let version { return entries.first { $0.version == version } }
    return entries.first { $0.loaded != nil } ?? entries.first(where: \.isServable) ?? entries.first
  }
}

/// The time during which a model's entries are what the repository would answer.
final class EntryEpoch: Sendable {
  private let ended = Atomic<Bool>(false)

  var isCurrent: Bool { !ended.load(ordering: .acquiring) }
  func end() { ended.store(true, ordering: .releasing) }
}

/// An entry in the making.
struct EntryDraft {
  let name: String
  let version: String?
  var state: ModelEntry.State
  var loaded: (any LoadedModel)?
  var signature: ModelSignature?
  var settings: ModelSettings
  var cost: CostEstimate
  var joining = JoinPermission()
  var loadSeconds: Double?
  let metrics: ModelMetrics
  let lane: ModelLane
  var instance: UInt64

  init(name: String, version: String?, settings: ModelSettings, metrics: ModelMetrics) {
    self.name = name
    self.version = version
    self.settings = settings
    self.metrics = metrics
    state = .loading
    cost = CostEstimate(nanosecondsPerRow: 0)
    lane = ModelLane(name: name)
    instance = 0
  }

  init(_ entry: ModelEntry) {
    name = entry.name
    version = entry.version
    state = entry.state
    loaded = entry.loaded
    signature = entry.signature
    settings = entry.settings
    cost = entry.cost
    joining = entry.joining
    loadSeconds = entry.loadSeconds
    metrics = entry.metrics
    lane = entry.lane
    instance = entry.instance
  }

  func entry(_ epoch: EntryEpoch) -> ModelEntry { ModelEntry(self, epoch) }
}
