public import Basics

/// A stored value with its revisions. Keys are opaque here: `/<group>/<plural>/<namespace>/<name>`.
public struct StoredValue: Sendable {
  public var key: String
  public var content: any StoredContent
  /// The revision that created the key.
  public var createRevision: Int64
  /// The revision of this value.
  public var revision: Int64

  public init(key: String, content: any StoredContent, createRevision: Int64, revision: Int64) {
    self.key = key
    self.content = content
    self.createRevision = createRevision
    self.revision = revision
  }

  public init(key: String, value: Bytes, createRevision: Int64, revision: Int64) {
    self.init(key: key, content: StoredBytes(value), createRevision: createRevision, revision: revision)
  }

  public var value: Bytes { content.bytes }
}

extension StoredValue: Equatable {
  public static func == (left: StoredValue, right: StoredValue) -> Bool {
    left.revision == right.revision && left.createRevision == right.createRevision && left.key == right.key
      && (left.content === right.content || left.value == right.value)
  }
}

/// One change, in revision order.
public struct StoreEvent: Sendable {
  public enum Kind: Sendable { case created, updated, deleted }
  public var kind: Kind
  /// For `deleted`, the last value, with the revision of the deletion.
  public var value: StoredValue
  /// The value before this change; nil for `created`.
  public var previous: StoredValue?

  public init(kind: Kind, value: StoredValue, previous: StoredValue? = nil) {
    self.kind = kind
    self.value = value
    self.previous = previous
  }
}

/// What goes wrong in a store.
public enum StoreError: Error, Sendable {
  case keyExists(StoredValue)
  case keyNotFound(key: String)
  /// The key's revision is not the expected one; carries what is there.
  case revisionMismatch(current: StoredValue)
  /// A watch asked for changes that are no longer kept.
  case compacted(oldestRevision: Int64)
  /// A watch or read asked for a revision that has not happened yet.
  case futureRevision(current: Int64)
  /// The disk: full, read-only, damaged. Says the file, the cause and the fix. Nothing was written.
  case unavailable(message: String)
}

extension StoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .keyExists(let value): "\(value.key) exists already, at revision \(value.revision)"
    case .keyNotFound(let key): "\(key) does not exist"
    case .revisionMismatch(let current): "\(current.key) has changed: it is at revision \(current.revision)"
    case .compacted(let oldest): "too old: changes are kept from revision \(oldest) on"
    case .futureRevision(let current): "too new: the last revision is \(current)"
    case .unavailable(let message): message
    }
  }
}

/// One revisioned key-value store: every write gets the next revision, all of them in one order.
///
/// The contract, for every driver (one conformance suite tests them all):
/// - A write that returned is durable as far as the driver promises (SQLite: synced to disk) and seen by
///   every later read; watchers see it exactly once, in order.
/// - A write that threw left nothing behind.
/// - Reads never block on writes.
public protocol RevisionedStore: Sendable {
  /// The revision of the last write; 0 for a new store.
  func currentRevision() async throws -> Int64
  func get(_ key: String) async throws -> StoredValue?
  /// All values whose key begins with `prefix`, sorted by key, with the revision at which that was true.
  func list(prefix: String) async throws -> (values: [StoredValue], revision: Int64)
  /// The same as it was at an earlier revision, as long as the changes since then are kept. Throws
  /// `compacted`, `futureRevision`.
  func list(prefix: String, at revision: Int64) async throws -> [StoredValue]
  /// Throws `keyExists`.
  func create(_ key: String, _ content: any StoredContent) async throws -> StoredValue
  /// Replaces the value if its revision still is `expecting`. Throws `keyNotFound`, `revisionMismatch`.
  func update(_ key: String, _ content: any StoredContent, expecting: Int64) async throws -> StoredValue
  /// Removes the key if its revision still is `expecting` (nil: whatever it is). Returns the value as it was,
  /// with the deletion's revision. Throws `keyNotFound`, `revisionMismatch`.
  func delete(_ key: String, expecting: Int64?) async throws -> StoredValue
  /// Every change after `revision` under the prefix. The buffer is bounded: a consumer that falls too far
  /// behind has its stream ended by `compacted`, and lists again. Throws `compacted`, `futureRevision`.
  func watch(prefix: String, after revision: Int64) async throws -> AsyncThrowingStream<StoreEvent, any Error>
  /// Forgets history up to `revision`; watches may no longer begin before it.
  func compact(before revision: Int64) async throws
  /// Finishes writes in flight and releases files.
  func close() async
}

extension RevisionedStore {
  public func create(_ key: String, _ value: Bytes) async throws -> StoredValue {
    try await create(key, StoredBytes(value))
  }

  public func update(_ key: String, _ value: Bytes, expecting: Int64) async throws -> StoredValue {
    try await update(key, StoredBytes(value), expecting: expecting)
  }
}
