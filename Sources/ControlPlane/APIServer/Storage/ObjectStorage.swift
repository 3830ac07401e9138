internal import Basics
internal import KubeProtocol
internal import KubeStore

/// Objects over a revisioned store. Values that others put there are decoded at each reading.
struct ObjectStorage: Sendable {
  let store: any RevisionedStore
  private let recent = RecentObjects()

  init(store: any RevisionedStore) { self.store = store }

  func get(_ key: String) async throws -> (object: KubeObject, revision: Int64)? {
    guard let stored = try await translated({ try await store.get(key) }) else { return nil }
    return (try decode(stored), stored.revision)
  }

  func list(prefix: String) async throws -> (objects: [KubeObject], revision: Int64) {
    let (values, revision) = try await translated { try await store.list(prefix: prefix) }
    return (try decode(values), revision)
  }

  func decode(_ values: [StoredValue]) throws -> [KubeObject] { try values.map(decode) }

  func decode(_ stored: StoredValue) throws -> KubeObject {
    if let content = stored.content as? StoredObject { return try content.object(stored) }
    return try StoredObject.decode(stored)
  }

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
      return try decode(try await translated { try await store.delete(key, expecting: revision) })
    } catch StoreError.revisionMismatch, StoreError.keyNotFound {
      return nil
    }
  }

  private func write(
    _ key: String, _ object: KubeObject, _ body: (StoredObject) async throws -> StoredValue
  ) async throws -> KubeObject {
    let content = StoredObject(object, key: key)
    if StoredObject.staysText(key) { recent.add(content) }
    return try content.object(try await translated { try await body(content) })
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
