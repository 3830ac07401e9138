public import ModelRuntime

/// One version of one model as it stood at one moment; a load, swap or unload makes another entry.
public final class ModelEntry: Sendable {
  public enum State: Sendable {
    case loading
    case ready
    /// The last load failed. An older instance may go on serving.
    case failed(ModelLoadError)
    case unloaded
    /// Unloaded to make room for others: the next request loads it again.
    case evicted
  }

  public let name: String
  /// The name of the version's folder; nil for a model without versions.
  public let version: String?
  public let state: State
  /// What answers; nil where nothing does.
  public let loaded: (any LoadedModel)?
  /// Inputs and outputs, known also while the model is evicted.
  public let signature: ModelSignature?
  public let settings: ModelSettings
  /// What predictions cost, for the direct path and the scheduler alike.
  public let cost: CostEstimate
  /// Whether requests for this instance may still be joined.
  let joining: JoinPermission
  let loadSeconds: Double?
  let metrics: ModelMetrics
  /// Where calls for this version wait; the same over reloads.
  let lane: ModelLane

  /// Differs between two loads of the same model; the same for entries that share an instance.
  let instance: UInt64

  let epoch: EntryEpoch

  init(_ draft: EntryDraft, _ epoch: EntryEpoch) {
    name = draft.name
    version = draft.version
    state = draft.state
    loaded = draft.loaded
    signature = draft.loaded?.signature ?? draft.signature
    settings = draft.settings
    cost = draft.cost
    joining = draft.joining
    loadSeconds = draft.loadSeconds
    metrics = draft.metrics
    lane = draft.lane
    instance = draft.instance
    self.epoch = epoch
  }

  /// Whether the repository would still give this entry; false once any version of the model has changed.
  /// One atomic load.
  public var isCurrent: Bool { epoch.isCurrent }

  /// Whether a request may be handed to the scheduler: the model is there, or comes back on demand.
  public var isServable: Bool {
    if loaded != nil { return true }
    if case .evicted = state { return true }
    return false
  }

  /// `READY`, `UNAVAILABLE` or `LOADING`, as the model repository extension's index tells it.
  public var indexState: String {
    if loaded != nil { return "READY" }
    if case .loading = state { return "LOADING" }
    return "UNAVAILABLE"
  }

  /// Why the index shows that state; "" where there is nothing to say.
  public var indexReason: String {
    switch state {
    case .failed(let error):
      loaded == nil ? error.message : "the last load failed, an older one serves: \(error.message)"
    case .unloaded: "unloaded"
    case .evicted: "unloaded to make room for other models; a request loads it again"
    case .loading, .ready: ""
    }
  }

  /// Why the model does not answer, in upstream's words.
  var notReadyMessage: String {
    let message = "Model with name \(name) is not ready."
    if case .failed(let error) = state { return "\(message) \(error.message)" }
    return message
  }
}
