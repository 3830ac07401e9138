internal import ModelRuntime
internal import Synchronization

/// Which version of which model.
struct BudgetKey: Hashable, Sendable {
  var name: String
  var version: String?
}

/// What the loaded models take in all, and which of them was used longest ago.
final class MemoryBudget: Sendable {
  let limit: Int?

  private struct Holding {
    var bytes: Int
    let lane: ModelLane
    let metrics: ModelMetrics
    /// Predictions that the model had made when it was last looked at, and its last use as known then: the
    /// direct path counts its predictions and tells no time.
    var predictions: UInt64 = 0
    var use: Int64 = 0
  }

  private struct State {
    var holdings: [BudgetKey: Holding] = [:]
    var bytes = 0
    var evictions: UInt64 = 0
  }

  private let state = Mutex(State())

  init(limit: Int?) { self.limit = limit }

  var bytes: Int { state.withLock { $0.bytes } }
  var evictions: UInt64 { state.withLock { $0.evictions } }

  func add(_ draft: EntryDraft) {
    guard let model = draft.loaded else { return }
    let bytes = max(0, model.memoryBytes)
    let key = BudgetKey(name: draft.name, version: draft.version)
    state.withLock { state in
      if let old = state.holdings[key] { state.bytes &-= old.bytes }
      state.holdings[key] = Holding(
        bytes: bytes, lane: draft.lane, metrics: draft.metrics, predictions: draft.metrics.predictions,
        use: draft.lane.lastUse)
      state.bytes &+= bytes
    }
  }

  func remove(_ draft: EntryDraft) { remove(BudgetKey(name: draft.name, version: draft.version)) }

  func remove(_ key: BudgetKey) {
    state.withLock { state in
      if let old = state.holdings.removeValue(forKey: key) { state.bytes &-= old.bytes }
    }
  }

  /// What has to go where the models take too much; nil where they fit. The one that was just loaded stays.
  func victim(except kept: BudgetKey) -> BudgetKey? {
    guard let limit else { return nil }
    return state.withLock { state in
      guard state.bytes > limit else { return nil }
      var oldest: (key: BudgetKey, time: Int64)?
      let newest = state.holdings.values.reduce(Int64(0)) { max($0, $1.lane.lastUse) }
      for (key, holding) in state.holdings where key != kept {
        let predictions = holding.metrics.predictions
        if predictions != holding.predictions && holding.lane.lastUse == holding.use {
          holding.lane.noteUse(atNanoseconds: newest)
        }
        let time = holding.lane.lastUse
        state.holdings[key]?.predictions = predictions
        state.holdings[key]?.use = time
        if oldest.map({ time < $0.time || (time == $0.time && key.name < $0.key.name) }) ?? true {
          oldest = (key, time)
        }
      }
      if oldest != nil { state.evictions &+= 1 }
      return oldest?.key
    }
  }
}
