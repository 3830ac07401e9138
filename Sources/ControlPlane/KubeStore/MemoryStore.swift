internal import Synchronization

/// A store that forgets everything with the process: for tests and for `apus plan`.
public final class MemoryStore: RevisionedStore {
  private let core: StoreCore
  /// Held from planning a write to publishing it.
  private let writing = Mutex<Void>(())

  public init(limits: StoreLimits = StoreLimits()) { core = StoreCore(limits: limits) }

  public func currentRevision() async throws -> Int64 { core.currentRevision() }
  public func get(_ key: String) async throws -> StoredValue? { core.get(key) }
  public func list(prefix: String) async throws -> (values: [StoredValue], revision: Int64) {
    core.list(prefix: prefix)
  }

  public func list(prefix: String, at revision: Int64) async throws -> [StoredValue] {
    try core.list(prefix: prefix, at: revision)
  }

  public func create(_ key: String, _ content: any StoredContent) async throws -> StoredValue {
    try write(.create(key: key, content: content))
  }

  public func update(
    _ key: String, _ content: any StoredContent, expecting: Int64
  ) async throws -> StoredValue {
    try write(.update(key: key, content: content, expecting: expecting))
  }

  public func delete(_ key: String, expecting: Int64?) async throws -> StoredValue {
    try write(.delete(key: key, expecting: expecting))
  }

  public func watch(
    prefix: String, after revision: Int64
  ) async throws -> AsyncThrowingStream<StoreEvent, any Error> {
    try core.watch(prefix: prefix, after: revision)
  }

  public func compact(before revision: Int64) async throws {
    writing.withLock { _ in _ = core.compact(before: revision) }
  }

  public func close() async { core.close() }

  private func write(_ write: StoreWrite) throws(StoreError) -> StoredValue {
    let result: Result<StoredValue, StoreError> = writing.withLock { _ in
      do throws(StoreError) {
        return .success(try core.write(write))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
