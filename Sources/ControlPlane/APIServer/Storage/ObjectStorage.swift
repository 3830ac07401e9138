internal import Basics
internal import Formats
internal import KubeProtocol
internal import KubeStore

/// Decoded objects over a revisioned store. A write encodes once; a read decodes only what is not in the
/// cache.
struct ObjectStorage: Sendable {
  let store: any RevisionedStore
  private let cache = ObjectCache()

  init(store: any RevisionedStore) { self.store = store }

  func get(_ key: String) async throws -> (object: KubeObject, revision: Int64)? {
    guard let stored = try await translated({ try await store.get(key) }) else { return nil }
    return (try cache.decode(stored), stored.revision)
  }

  func list(prefix: String) async throws -> (objects: [KubeObject], revision: Int64) {
    let (values, revision) = try await translated { try await store.list(prefix: prefix) }
    return (try cache.decode(values), revision)
  }

  func decode(_ values: [StoredValue]) throws -> [KubeObject] { try cache.decode(values) }

  /// Nil where the key is taken.
  func create(_ key: String, _ object: KubeObject) async throws -> KubeObject? {
    do {
      return try await write(key, object) { try await store.create(key, $0) }
    } catch StoreError.keyExists {
      return nil
    }
  }

  /// Nil where the stored revision is another one by now, or the key is gone.
  func update(_ key: String, _ object: KubeObject, expecting revision: Int64) async throws -> KubeObject? {
    do {
      return try await write(key, object) { try await store.update(key, $0, expecting: revision) }
    } catch StoreError.revisionMismatch, StoreError.keyNotFound {
      return nil
    }
  }

  /// Nil where the stored revision is another one by now, or the key is gone.
  func delete(_ key: String, expecting revision: Int64) async throws -> KubeObject? {
    do {
      let deleted = try await translated { try await store.delete(key, expecting: revision) }
      cache.forget(key)
      return try Self.decodeText(deleted)
    } catch StoreError.revisionMismatch, StoreError.keyNotFound {
      return nil
    }
  }

  /// For values that come with changes of the store.
  func decodeChange(_ stored: StoredValue) throws -> KubeObject { try cache.decodeChange(stored) }

  static func encode(_ object: KubeObject) -> Bytes {
    var stored = object
    stored.resourceVersion = ""
    let text = stored.json.encoded()
    // An array that grew has up to as much again to spare, and texts stay as long as their objects.
    return Bytes(unsafeUninitializedCapacity: text.count) { buffer, count in
      count = buffer.update(fromContentsOf: text)
    }
  }

  static func decodeText(_ stored: StoredValue) throws -> KubeObject {
    do {
      var object = KubeObject(json: try JSONValue(parsing: stored.value))
      object.resourceVersion = String(stored.revision)
      return object
    } catch {
      throw KubeError(
        .internalError,
        "the stored object \(stored.key) at revision \(stored.revision) cannot be read (\(error));"
          + " restore the data directory from a copy, or delete the key")
    }
  }

  private func write(
    _ key: String, _ object: KubeObject, _ body: (Bytes) async throws -> StoredValue
  ) async throws -> KubeObject {
    let bytes = Self.encode(object)
    cache.expect(key, bytes, object)
    defer { cache.unexpect(key, bytes) }
    return cache.remember(try await translated { try await body(bytes) }, object)
  }

  /// Failures of the store that no caller handles become answers of the API.
  private func translated<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch StoreError.unavailable(let message) {
      throw KubeError(.internalError, message)
    }
  }
}
