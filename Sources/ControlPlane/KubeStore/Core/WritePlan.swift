internal import Basics

/// What a caller asks to be written.
enum StoreWrite: Sendable {
  case create(key: String, content: any StoredContent)
  case update(key: String, content: any StoredContent, expecting: Int64)
  case delete(key: String, expecting: Int64?)
}

/// Decides, for a batch of writes in order, what each of them would change: nothing is changed yet. Later
/// writes of the batch see the earlier ones.
struct WritePlan {
  private(set) var changes: [StoreEvent] = []
  private var revision: Int64
  /// What the batch has made of a key so far; an inner nil is a deletion. By bytes, as the index compares.
  private var overlay: [Bytes: StoredValue?] = [:]

  init(after revision: Int64) { self.revision = revision }

  mutating func add(_ write: StoreWrite, _ index: OrderedIndex) -> Result<StoredValue, StoreError> {
    switch write {
    case .create(let key, let content):
      if let existing = current(key, index) { return .failure(.keyExists(existing)) }
      let next = revision + 1
      let created = StoredValue(key: key, content: content, createRevision: next, revision: next)
      return record(StoreEvent(kind: .created, value: created), leaving: created)
    case .update(let key, let content, let expected):
      guard let existing = current(key, index) else { return .failure(.keyNotFound(key: key)) }
      guard existing.revision == expected else { return .failure(.revisionMismatch(current: existing)) }
      // All values of a key share its one text.
      let updated = StoredValue(
        key: existing.key, content: content, createRevision: existing.createRevision, revision: revision + 1)
      return record(StoreEvent(kind: .updated, value: updated, previous: existing), leaving: updated)
    case .delete(let key, let expected):
      guard let existing = current(key, index) else { return .failure(.keyNotFound(key: key)) }
      guard expected == nil || existing.revision == expected else {
        return .failure(.revisionMismatch(current: existing))
      }
      var removed = existing
      removed.revision = revision + 1
      return record(StoreEvent(kind: .deleted, value: removed, previous: existing), leaving: nil)
    }
  }

  private func current(_ key: String, _ index: OrderedIndex) -> StoredValue? {
    if let planned = overlay[Bytes(key.utf8)] { return planned }
    return index[key]
  }

  private mutating func record(
    _ event: StoreEvent, leaving value: StoredValue?
  ) -> Result<StoredValue, StoreError> {
    revision = event.value.revision
    overlay[Bytes(event.value.key.utf8)] = .some(value)
    changes.append(event)
    return .success(event.value)
  }
}
