internal import Basics
internal import KubeProtocol
internal import KubeStore
internal import Synchronization

/// Decoded objects by key and revision. Only a memory of what decoding gave: the store stays the one truth,
/// so a stale or missing entry costs time and nothing else. Keeps the current revision of each key, so that
/// everybody who reads an object, watchers and informers too, shares one decoded copy of it.
final class ObjectCache: Sendable {
  private struct Entry {
    var revision: Int64
    var object: KubeObject
    /// Of its text.
    var bytes: Int
  }

  /// An object on its way into the store.
  private struct Expected {
    var bytes: Bytes
    var object: KubeObject
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var expected: [String: Expected] = [:]
    var recent = RecentObjects()
  }

  private let state = Mutex(State())
  private static let capacity = 100_000
  /// Events are many, and hardly anybody reads one after it was told.
  private static let unkeptPrefix = "/core/events/"

  /// The bytes are about to be written: watchers may see them before the writer gets its revision.
  func expect(_ key: String, _ bytes: Bytes, _ object: KubeObject) {
    state.withLock { $0.expected[key] = Expected(bytes: bytes, object: object) }
  }

  /// The write of these bytes has ended, one way or the other.
  func unexpect(_ key: String, _ bytes: Bytes) {
    state.withLock { state in
      if state.expected[key]?.bytes == bytes { state.expected[key] = nil }
    }
  }

  /// For values of changes: those of keys that are gone or have moved on go to a small memory of their own.
  /// All watchers share what one of them decoded.
  func decodeChange(_ stored: StoredValue) throws -> KubeObject {
    if let object = find(stored) { return object }
    let object = try ObjectStorage.decodeText(stored)
    state.withLock { $0.recent.remember(stored.key, stored.revision, object, bytes: stored.value.count) }
    return object
  }

  /// How many objects of changes are remembered, and the bytes of their texts.
  var recentChanges: (objects: Int, bytes: Int) { state.withLock { ($0.recent.count, $0.recent.bytes) } }

  func decode(_ stored: StoredValue) throws -> KubeObject {
    if let object = find(stored) { return object }
    let object = try ObjectStorage.decodeText(stored)
    return state.withLock { Self.remember(stored, object, in: &$0) }
  }

  func decode(_ values: [StoredValue]) throws -> [KubeObject] { try values.map(decode) }

  /// - Returns: the object as everybody has it, with its revision.
  func remember(_ stored: StoredValue, _ object: KubeObject) -> KubeObject {
    if let known = find(stored) { return known }
    return state.withLock { Self.remember(stored, Self.revised(object, stored), in: &$0) }
  }

  func forget(_ key: String) { state.withLock { $0.entries[key] = nil } }

  private func find(_ stored: StoredValue) -> KubeObject? {
    state.withLock { state in
      if let entry = state.entries[stored.key], entry.revision == stored.revision { return entry.object }
      if let expected = state.expected[stored.key], expected.bytes == stored.value {
        return Self.remember(stored, Self.revised(expected.object, stored), in: &state)
      }
      return state.recent.find(stored)
    }
  }

  private static func revised(_ object: KubeObject, _ stored: StoredValue) -> KubeObject {
    var object = object
    object.resourceVersion = String(stored.revision)
    return object
  }

  private static func remember(
    _ stored: StoredValue, _ object: KubeObject, in state: inout State
  ) -> KubeObject {
    let key = stored.key
    let bytes = stored.value.count
    guard !key.hasPrefix(unkeptPrefix) else {
      state.recent.remember(key, stored.revision, object, bytes: bytes)
      return object
    }
    if let old = state.entries[key] {
      if old.revision == stored.revision { return old.object }
      // Watchers that look at what was before still want it for a while.
      if old.revision > stored.revision {
        state.recent.remember(key, stored.revision, object, bytes: bytes)
        return object
      }
      state.recent.remember(key, old.revision, old.object, bytes: old.bytes)
    } else if state.entries.count >= capacity {
      state.entries.removeAll()
    }
    state.entries[key] = Entry(revision: stored.revision, object: object, bytes: bytes)
    return object
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

  mutating func remember(_ key: String, _ revision: Int64, _ object: KubeObject, bytes size: Int) {
    let place = Place(key: key, revision: revision)
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
