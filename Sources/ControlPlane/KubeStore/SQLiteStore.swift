internal import Basics
internal import Linux

/// A store in one SQLite file: a write that returned is synced to the disk.
///
/// All reads are served from memory. Writes go to one thread, which puts those that wait into one
/// transaction, so that many writers share a sync. A file `<path>.lock` keeps a second process out.
public final class SQLiteStore: RevisionedStore {
  private let path: String
  private let core: StoreCore
  private let queue: BlockingQueue<StoreCommand>

  /// Opens the file, or creates it readable for its owner only; missing folders above it are made.
  /// - Parameter reader: makes what is kept in memory of what stands in the file.
  /// - Throws: `StoreError.unavailable`.
  public static func open(
    path: String, limits: StoreLimits = StoreLimits(), settings: SQLiteSettings = SQLiteSettings(),
    reader: @escaping StoredContentReader = { StoredBytes($1) }
  ) async throws -> SQLiteStore {
    let core = StoreCore(limits: limits)
    let queue = BlockingQueue<StoreCommand>(capacity: limits.waitingWrites)
    try await withCheckedThrowingContinuation { (opened: CheckedContinuation<Void, any Error>) in
      do {
        try NamedThread.start("apus-store") { serve(path, settings, reader, core, queue, opened) }
      } catch {
        opened.resume(throwing: StoreError.unavailable(message: "cannot open \(path): \(error)"))
      }
    }
    return SQLiteStore(path: path, core: core, queue: queue)
  }

  private init(path: String, core: StoreCore, queue: BlockingQueue<StoreCommand>) {
    self.path = path
    self.core = core
    self.queue = queue
  }

  deinit {
    core.close()
    queue.close()
  }

  public func currentRevision() async throws -> Int64 { core.currentRevision() }
  public func get(_ key: String) async throws -> StoredValue? { core.get(key) }
  public func list(prefix: String) async throws -> (values: [StoredValue], revision: Int64) {
    core.list(prefix: prefix)
  }

  public func list(prefix: String, at revision: Int64) async throws -> [StoredValue] {
    try core.list(prefix: prefix, at: revision)
  }

  public func create(_ key: String, _ content: any StoredContent) async throws -> StoredValue {
    try await write(.create(key: key, content: content), content.bytes)
  }

  public func update(
    _ key: String, _ content: any StoredContent, expecting: Int64
  ) async throws -> StoredValue {
    try await write(.update(key: key, content: content, expecting: expecting), content.bytes)
  }

  public func delete(_ key: String, expecting: Int64?) async throws -> StoredValue {
    try await write(.delete(key: key, expecting: expecting), nil)
  }

  public func watch(
    prefix: String, after revision: Int64
  ) async throws -> AsyncThrowingStream<StoreEvent, any Error> {
    try core.watch(prefix: prefix, after: revision)
  }

  public func compact(before revision: Int64) async throws {
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      if let refusal = refusal(of: queue.put(.compact(before: revision, done))) {
        done.resume(throwing: refusal)
      }
    }
  }

  public func close() async {
    await withCheckedContinuation { (closed: CheckedContinuation<Void, Never>) in
      switch queue.put(.close(closed)) {
      case .accepted: break
      case .closed: closed.resume()
      case .full:
        // Too many writes wait for a place in the queue; those that are in it are still written.
        core.close()
        queue.close()
        closed.resume()
      }
    }
  }

  /// - Parameter row: what goes to the disk, made by the caller's task: there is one thread that writes.
  private func write(_ write: StoreWrite, _ row: Bytes?) async throws -> StoredValue {
    try await withCheckedThrowingContinuation { continuation in
      if let refusal = refusal(of: queue.put(.write(write, row: row, continuation))) {
        continuation.resume(throwing: refusal)
      }
    }
  }

  private func refusal(of acceptance: BlockingQueue<StoreCommand>.Acceptance) -> StoreError? {
    switch acceptance {
    case .accepted: nil
    case .closed: StoreCore.closed
    case .full:
      StoreError.unavailable(
        message: "cannot write \(path): too many writes wait for the disk; try again later")
    }
  }

  /// The body of the store's thread.
  private static func serve(
    _ path: String, _ settings: SQLiteSettings, _ reader: StoredContentReader, _ core: StoreCore,
    _ queue: BlockingQueue<StoreCommand>, _ opened: CheckedContinuation<Void, any Error>
  ) {
    let closing: CheckedContinuation<Void, Never>?
    do throws(StoreError) {
      try prepareFile(path)
      let writer = try StoreWriter(path: path, settings: settings, reader: reader, core: core)
      opened.resume()
      closing = writer.run(queue)
    } catch {
      opened.resume(throwing: error)
      return
    }
    // The writer and with it the database and its lock are gone here.
    closing?.resume()
  }

  /// Makes the folder and syncs the entries of those that were made: a power cut must not lose the way to
  /// the file.
  private static func prepareFolder(_ folder: String) throws(LinuxError) {
    if Files.exists(folder) { return }
    let parent = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "."
    if parent.isEmpty || parent == "." {
      try Files.createDirectories(folder, permissions: 0o700)
      return
    }
    try prepareFolder(parent)
    try Files.createDirectories(folder, permissions: 0o700)
    try Files.open(parent, .read).synchronize()
  }

  /// The file is made before SQLite would, so that only its owner can read it: it holds secrets.
  private static func prepareFile(_ path: String) throws(StoreError) {
    do {
      if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
        try prepareFolder(String(path[..<slash]))
      }
      if !Files.exists(path) { _ = try Files.open(path, .append, permissions: 0o600) }
    } catch {
      throw error.storeError("create", path: path)
    }
  }
}
