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
  private let recent = Mutex(RecentObjects())
  private static let capacity = 100_000

  /// For values of changes: those go to a small memory of their own, since their keys may be gone by now.
  /// All watchers share what one of them decoded.
  func decodeChange(_ stored: StoredValue) throws -> KubeObject {
    if let object = entries.withLock({ Self.find(stored, in: $0) }) { return object }
    if let object = recent.withLock({ $0.find(stored) }) { return object }
    let object = try ObjectStorage.decodeText(stored)
    recent.withLock { $0.remember(stored, object) }
    return object
  }

  /// How many objects of changes are remembered, and the bytes of their texts.
  var recentChanges: (objects: Int, bytes: Int) { recent.withLock { ($0.count, $0.bytes) } }

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

/// The objects decoded last, by the revision that made them; the oldest goes first.
private struct RecentObjects {
  private static let maximumObjects = 256
  private static let maximumBytes = 1 << 20

  private struct Place: Hashable {
    let key: String
    let revision: Int64
  }

  private var objects: [Place: KubeObject] = [:]
  private var order: [(place: Place, bytes: Int)] = []
  private(set) var bytes = 0

  var count: Int { objects.count }

  func find(_ stored: StoredValue) -> KubeObject? {
    objects[Place(key: stored.key, revision: stored.revision)]
  }

  mutating func remember(_ stored: StoredValue, _ object: KubeObject) {
    let size = stored.value.count
    let place = Place(key: stored.key, revision: stored.revision)
    guard size <= Self.maximumBytes / 4, objects.updateValue(object, forKey: place) == nil else { return }
    order.append((place, size))
    bytes += size
    while order.count > Self.maximumObjects || bytes > Self.maximumBytes {
      let oldest = order.removeFirst()
      objects[oldest.place] = nil
      bytes -= oldest.bytes
    }
  }
}
