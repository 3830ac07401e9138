internal import Linux
public import ModelRuntime
internal import Synchronization

extension ModelRepository {
  /// Whether a model of that name is there or could be loaded. Blocks.
  public func knows(_ name: String) -> Bool {
    if table.withLock({ $0.slots[name] != nil }) { return true }
    return ((try? catalogue.sources(of: name)) ?? []).isEmpty == false
  }

  /// Loads, or loads anew, every version of the model; versions that are gone are unloaded. Blocks: on the
  /// main thread at start, on a worker later.
  /// - Throws: why the newest version that failed did so; the others serve.
  public func load(_ name: String) throws(ModelLoadError) {
    let sources = try catalogue.sources(of: name)
    guard !sources.isEmpty else {
      forget(name)
      throw ModelLoadError(.modelMissing, "the repository has no model named '\(name)'")
    }
    let slot = slot(making: name)
    let failure = slot.loading.withLock { _ in
      update(slot) { drafts in
        let old = drafts
        for draft in old where !sources.contains(where: { $0.version == draft.version }) {
          budget.remove(draft)
        }
        drafts = sources.map { source in
          var draft = old.first { $0.version == source.version } ?? self.draft(source)
          draft.state = .loading
          return draft
        }
      }
      var failure: ModelLoadError?
      for source in sources {
        if case .failure(let error) = loadVersion(slot, source) { failure = failure ?? error }
      }
      return failure
    }
    if let failure { throw failure }
  }

  /// Gives the memory back once the last requests that use it have ended. A model that the catalogue has not
  /// any more is forgotten.
  /// - Parameter version: nil for all.
  /// - Returns: false where there is no such model or version.
  @discardableResult
  public func unload(_ name: String, version: String? = nil) -> Bool {
    guard let slot = table.withLock({ $0.slots[name] }) else { return false }
    return slot.loading.withLock { _ in
      guard slot.entries.contains(where: { version == nil || $0.version == version }) else { return false }
      let isGone = version == nil && (try? catalogue.sources(of: name).isEmpty) == true
      update(slot) { drafts in
        for index in drafts.indices where version == nil || drafts[index].version == version {
          budget.remove(drafts[index])
          drafts[index].clear(.unloaded)
        }
        if isGone { drafts = [] }
      }
      return true
    }
  }

  /// Loads an evicted version again; others that wait for the same one share the load. Blocks.
  /// - Returns: the entry that answers now.
  func recall(_ entry: ModelEntry) throws(ModelLoadError) -> ModelEntry {
    guard let slot = table.withLock({ $0.slots[entry.name] }) else {
      throw ModelLoadError(.modelMissing, "the model '\(entry.name)' has been removed")
    }
    return try slot.loading.withLock { _ in reload(entry, slot) }.get()
  }

  /// The caller holds the slot's `loading`. What was loaded answers the request that asked for it, even where
  /// another model's load evicts it again at once.
  private func reload(_ entry: ModelEntry, _ slot: ModelSlot) -> Result<ModelEntry, ModelLoadError> {
    let entries = slot.entries
    if let now = entries.first(where: { $0.version == entry.version }), case .evicted = now.state,
      now.loaded == nil
    {
      do throws(ModelLoadError) {
        let sources = try catalogue.sources(of: entry.name)
        guard let source = sources.first(where: { $0.version == entry.version }) else {
          throw ModelLoadError(.modelMissing, "the model '\(entry.name)' is no longer in the repository")
        }
        return loadVersion(slot, source)
      } catch {
        return .failure(error)
      }
    }
    guard let current = ModelSlot.chosen(entries, entry.version), current.loaded != nil else {
      return .failure(ModelLoadError(.modelMissing, "the model '\(entry.name)' was unloaded meanwhile"))
    }
    return .success(current)
  }

  /// Registers a version without loading it: its first request does.
  func register(_ source: ModelSource) {
    let slot = slot(making: source.name)
    update(slot) { drafts in
      guard !drafts.contains(where: { $0.version == source.version }) else { return }
      var draft = draft(source)
      draft.state = .evicted
      drafts.append(draft)
    }
  }

  // MARK: one version

  /// The caller holds the slot's `loading`.
  private func loadVersion(_ slot: ModelSlot, _ source: ModelSource) -> Result<ModelEntry, ModelLoadError> {
    let start = MonotonicClock.nanoseconds
    do throws(ModelLoadError) {
      var source = source
      source.settings = try catalogue.settings(of: source)
      let model = try catalogue.load(source)
      let seconds = Double(MonotonicClock.nanoseconds &- start) / 1e9
      if let limit = budget.limit, model.memoryBytes > limit {
        throw ModelLoadError(
          .tooLarge,
          "the model needs \(model.memoryBytes) bytes, more than the \(limit) that --model_memory_limit "
            + "allows for all models")
      }
      let installed = install(model, slot, source, seconds)
      makeRoom(keeping: slot.name, source.version)
      guard let installed else {
        throw ModelLoadError(.modelMissing, "the model '\(slot.name)' was removed while it was loaded")
      }
      return .success(installed)
    } catch {
      change(slot, source.version) { $0.state = .failed(error) }
      return .failure(error)
    }
  }

  private func install(
    _ model: any LoadedModel, _ slot: ModelSlot, _ source: ModelSource, _ seconds: Double
  ) -> ModelEntry? {
    let instance = nextInstance()
    return change(slot, source.version) { draft in
      budget.remove(draft)
      draft.state = .ready
      draft.settings = source.settings
      draft.loaded = model
      draft.signature = model.signature
      draft.loadSeconds = seconds
      draft.cost = CostEstimate(nanosecondsPerRow: model.estimatedNanosecondsPerRow)
      draft.joining = JoinPermission()
      draft.instance = instance
      draft.lane.noteUse(at: .nanoseconds(MonotonicClock.nanoseconds))
      budget.add(draft)
    }
  }

  /// - Returns: what the version is now; nil where there is none.
  @discardableResult
  private func change(
    _ slot: ModelSlot, _ version: String?, _ body: (inout EntryDraft) -> Void
  ) -> ModelEntry? {
    let entries = update(slot) { drafts in
      for index in drafts.indices where drafts[index].version == version { body(&drafts[index]) }
    }
    return entries.first { $0.version == version }
  }

  /// Unloads what was used longest ago until the models fit their budget again.
  private func makeRoom(keeping name: String, _ version: String?) {
    while let victim = budget.victim(except: BudgetKey(name: name, version: version)) {
      guard let slot = table.withLock({ $0.slots[victim.name] }) else {
        budget.remove(victim)
        continue
      }
      change(slot, victim.version) { draft in
        budget.remove(draft)
        draft.clear(.evicted)
      }
      budget.remove(victim)
    }
  }

  private func forget(_ name: String) {
    guard let slot = table.withLock({ $0.slots[name] }) else { return }
    _ = slot.loading.withLock { _ in
      update(slot) { drafts in
        for draft in drafts { budget.remove(draft) }
        drafts = []
      }
    }
  }
}

extension EntryDraft {
  /// Lets go of the instance.
  mutating func clear(_ newState: ModelEntry.State) {
    state = newState
    loaded = nil
    loadSeconds = nil
  }
}
