public import Basics
public import Linux
internal import ModelStorage
internal import ServingAPI
internal import Synchronization
internal import Telemetry

/// Keeps a folder of models in step with `models.json`: what is listed is fetched and loaded, what is not is
/// unloaded and removed. A failure of one model holds no other up and is tried again.
public final class ModelPuller: Sendable {
  /// Fetches a source into a folder; blocks.
  public typealias Fetch = @Sendable (_ source: String, _ folder: String) throws -> Void

  private struct State {
    /// What the folder holds and the server was told.
    var loaded: [String: ModelListEntry] = [:]
    /// Where what lies in the folder came from: a load that failed needs no second download.
    var fetched: [String: String] = [:]
    var busy: Set<String> = []
    /// Failures in a row, and when the next try may be.
    var failures: [String: (count: Int, nextTry: Duration)] = [:]
    var problem: String?
  }

  /// How long a change of the list may go unseen.
  static let period: Duration = .milliseconds(200)
  static let maximumAtOnce = 4
  private static let longestPause: Duration = .seconds(60)

  private let store: PulledModels
  private let listPath: String
  private let server: any ModelRepositoryServer
  private let fetch: Fetch
  private let workers: BlockingWorkers
  private let clock: any SleepingClock
  /// `apus why` reads it: what was loaded takes back what failed before.
  private let log = Logger("puller", minimumLevel: Logger.serverLevel)
  private let state = Mutex(State())

  /// - Parameters:
  ///   - configurationFolder: has `models.json`.
  ///   - modelFolder: gets a folder per model; no other program writes there.
  public init(
    configurationFolder: String, modelFolder: String, server: any ModelRepositoryServer,
    clock: any SleepingClock = SystemClock(), fetch: @escaping Fetch
  ) {
    listPath = "\(configurationFolder)/\(ModelList.fileName)"
    store = PulledModels(folder: modelFolder)
    self.server = server
    self.fetch = fetch
    self.clock = clock
    workers = BlockingWorkers(name: "puller", threads: Self.maximumAtOnce + 1)
  }

  /// Works until the task is cancelled.
  public func run() async {
    let known = (try? await workers.run { [store] in store.recover() }) ?? [:]
    state.withLock { state in
      state.loaded = known
      state.fetched = known.mapValues(\.storageURI)
    }
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        for change in await changes() { group.addTask { await self.carryOut(change) } }
        do { try await clock.sleep(for: Self.period) } catch { break }
      }
      group.cancelAll()
    }
  }

  // MARK: what is to be done

  enum Change: Sendable, Hashable {
    case load(ModelListEntry)
    case unload(String)

    var name: String {
      switch self {
      case .load(let entry): entry.name
      case .unload(let name): name
      }
    }
  }

  /// Changes that may begin now; each is marked as begun.
  private func changes() async -> [Change] {
    guard let wanted = await wantedModels() else { return [] }
    let now = clock.monotonicNow()
    return state.withLock { state in
      var changes: [Change] = []
      let names = Set(wanted.keys).union(state.loaded.keys)
      for name in names.sorted() where !state.busy.contains(name) {
        guard state.busy.count < Self.maximumAtOnce else { break }
        if let failure = state.failures[name], failure.nextTry > now { continue }
        if let entry = wanted[name] {
          if state.loaded[name] == entry { continue }
          changes.append(.load(entry))
        } else {
          changes.append(.unload(name))
        }
        state.busy.insert(name)
      }
      return changes
    }
  }

  /// Nil where the list cannot be read: then everything stays as it is.
  private func wantedModels() async -> [String: ModelListEntry]? {
    let read = try? await workers.run { [listPath] in
      try String(decoding: Files.read(listPath, limit: 4 << 20), as: UTF8.self)
    }
    do throws(ModelListError) {
      guard let read else { throw ModelListError("\(listPath) cannot be read") }
      let entries = try ModelList.decode(read)
      state.withLock { $0.problem = nil }
      return Dictionary(entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    } catch {
      let isNew = state.withLock { state in
        defer { state.problem = error.description }
        return state.problem != error.description
      }
      if isNew { log.warning("the list of models is not usable", ["cause": error.description]) }
      return nil
    }
  }

  // MARK: doing it

  private func carryOut(_ change: Change) async {
    do {
      switch change {
      case .load(let entry): try await load(entry)
      case .unload(let name): try await unload(name)
      }
      state.withLock { state in
        state.busy.remove(change.name)
        state.failures[change.name] = nil
      }
    } catch {
      let pause = state.withLock { state in
        let count = (state.failures[change.name]?.count ?? 0) + 1
        let pause = min(Self.longestPause, .milliseconds(500 << min(count, 7)))
        state.failures[change.name] = (count, clock.monotonicNow() + pause)
        state.busy.remove(change.name)
        return pause
      }
      log.error(
        "model not served",
        [
          "model": change.name, "code": Self.code(of: error).rawValue, "cause": "\(error)",
          "next try": "in \(pause)",
        ])
    }
  }

  /// What `apus why` tells of a model that is not served.
  static func code(of error: any Error) -> FailureCode {
    switch error {
    case let error as StorageError: FailureCode(rawValue: error.code.rawValue) ?? .downloadFailed
    case let error as V2RepositoryServer.Refusal: error.code
    case is LinuxError: .destinationUnwritable
    // The server does not answer (yet).
    default: .notReadyYet
    }
  }

  private func load(_ entry: ModelListEntry) async throws {
    let isFetched = state.withLock { $0.fetched[entry.name] == entry.storageURI }
    if !isFetched || !store.has(entry.name) {
      try await workers.run { [store, fetch] in
        let folder = try store.prepare(entry.name)
        try fetch(entry.storageURI, folder)
        try store.install(entry)
      }
      state.withLock { $0.fetched[entry.name] = entry.storageURI }
      log.info("model fetched", ["model": entry.name, "source": entry.storageURI])
    }
    try await server.load(entry.name)
    try await workers.run { [store] in try store.remember(entry) }
    state.withLock { $0.loaded[entry.name] = entry }
    log.info("model loaded", ["model": entry.name])
  }

  private func unload(_ name: String) async throws {
    // A model whose files are gone is unknown to its server afterwards, not just unloaded.
    try await workers.run { [store] in try store.remove(name) }
    try await server.unload(name)
    state.withLock { state in
      state.loaded[name] = nil
      state.fetched[name] = nil
    }
    log.info("model unloaded", ["model": name])
  }
}
