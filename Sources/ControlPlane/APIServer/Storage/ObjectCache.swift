internal import KubeProtocol
internal import KubeStore
internal import Synchronization

/// Decoded objects by key and revision. Only a memory of what decoding gave: the store stays the one truth,
/// so a stale or missing entry costs time and nothing else. Keeps the current and the previous revision of
/// each key.
final class ObjectCache: Sendable {
  private struct Entry {
    var revision: Int64
    var object: KubeObject
    var previousRevision: Int64 = -1
    var previous: KubeObject?
  }

  private let entries = Mutex<[String: Entry]>([:])
  private static let capacity = 100_000

  /// For values of changes: those are not remembered, since their keys may be gone by now.
  func decodeChange(_ stored: StoredValue) throws -> KubeObject {
    try entries.withLock { Self.find(stored, in: $0) } ?? ObjectStorage.decodeText(stored)
  }

  func decode(_ stored: StoredValue) throws -> KubeObject {
    if let object = entries.withLock({ Self.find(stored, in: $0) }) { return object }
    let object = try ObjectStorage.decodeText(stored)
    remember(stored.key, stored.revision, object)
    return object
  }

  func decode(_ values: [StoredValue]) throws -> [KubeObject] {
    let found = entries.withLock { entries in values.map { Self.find($0, in: entries) } }
    return try zip(values, found).map { stored, object in try object ?? decode(stored) }
  }

  func remember(_ key: String, _ revision: Int64, _ object: KubeObject) {
    entries.withLock { entries in
      guard let old = entries[key] else {
        if entries.count >= Self.capacity { entries.removeAll() }
        entries[key] = Entry(revision: revision, object: object)
        return
      }
      if revision > old.revision {
        entries[key] = Entry(
          revision: revision, object: object, previousRevision: old.revision, previous: old.object)
      }
    }
  }

  func forget(_ key: String) {
    entries.withLock { $0[key] = nil }
  }

  private static func find(_ stored: StoredValue, in entries: [String: Entry]) -> KubeObject? {
    guard let entry = entries[stored.key] else { return nil }
    if entry.revision == stored.revision { return entry.object }
    return entry.previousRevision == stored.revision ? entry.previous : nil
  }
}
