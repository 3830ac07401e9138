internal import Basics
internal import KubeStore
internal import Linux

/// The drivers that keep the contract of `RevisionedStore`.
enum Driver: String, CaseIterable, Sendable { case memory, sqlite }

/// A folder that a test owns, removed at the end.
struct ScratchFolder: ~Copyable {
  let path: String

  /// - Parameter inMemory: where the machine has a file system without a disk, for files that are many and short-lived.
  init(inMemory: Bool = false) throws {
    var base = ProcessEnvironment.variable("TMPDIR") ?? "/tmp"
    if inMemory && Files.exists("/dev/shm") { base = "/dev/shm" }
    path = "\(base)/apus-store-\(SystemRandom().uuid())"
    try Files.createDirectories(path)
  }

  deinit { try? Files.removeTree(path) }
}

/// Runs a test body on a fresh store of a driver.
func withStore<Result>(
  _ driver: Driver, limits: StoreLimits = StoreLimits(), _ body: (any RevisionedStore) async throws -> Result
) async throws -> Result {
  let folder = try ScratchFolder()
  let store: any RevisionedStore
  switch driver {
  case .memory: store = MemoryStore(limits: limits)
  case .sqlite: store = try await SQLiteStore.open(path: "\(folder.path)/store.db", limits: limits)
  }
  do {
    let result = try await body(store)
    await store.close()
    return result
  } catch {
    await store.close()
    throw error
  }
}

/// The next `count` events of a watch.
func take(_ count: Int, from events: AsyncThrowingStream<StoreEvent, any Error>) async throws -> [StoreEvent]
{
  var taken: [StoreEvent] = []
  if count == 0 { return [] }
  for try await event in events {
    taken.append(event)
    if taken.count == count { break }
  }
  return taken
}

func bytes(_ text: String) -> Bytes { Bytes(text.utf8) }

/// What an operation throws, as a `StoreError`.
func storeError(_ body: () async throws -> Void) async -> StoreError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? StoreError
  }
}
