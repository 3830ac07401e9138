import Basics
import InferenceProtocol
import Linux
import ModelRuntime
import Synchronization
import Testing

@testable import ModelServer

struct ModelRepositoryTests {
  /// Models that take the bytes they are named with, and fail where told so.
  private final class Catalogue: ModelCatalogue {
    let versions = Mutex<[String: [String?]]>([:])
    let broken = Mutex<Set<String>>([])
    let loads = Mutex<[String]>([])
    let bytes: Int

    init(_ names: [String: [String?]], bytes: Int = 100) {
      versions.withLock { $0 = names }
      self.bytes = bytes
    }

    func names() throws(ModelLoadError) -> [String] { versions.withLock { $0.keys.sorted() } }

    func sources(of name: String) throws(ModelLoadError) -> [ModelSource] {
      versions.withLock { $0[name] ?? [] }.map { ModelSource(name: name, version: $0, path: "") }
    }

    func load(_ source: ModelSource) throws(ModelLoadError) -> any LoadedModel {
      let key = source.name + (source.version.map { "/" + $0 } ?? "")
      loads.withLock { $0.append(key) }
      if broken.withLock({ $0.contains(key) }) { throw ModelLoadError(.corrupt, "\(key) is broken") }
      return FakeModel(memoryBytes: bytes)
    }

    func sizeGuess(_ source: ModelSource) -> Int { bytes }
  }

  private func repository(_ catalogue: Catalogue, limit: Int? = nil) -> ModelRepository {
    ModelRepository(metricShards: 2, catalogue: catalogue, readiness: .startedUp, memoryLimit: limit)
  }

  @Test func versionsStandSideBySideAndTheNewestAnswers() throws {
    let catalogue = Catalogue(["m": ["10", "9", "1"]])
    let repository = repository(catalogue)
    try repository.load("m")
    #expect(repository.entry("m")?.version == "10")
    #expect(repository.entry("m", version: "9")?.version == "9")
    #expect(repository.entry("m", version: "8") == nil)
    #expect(repository.versions(of: "m").map(\.version) == ["10", "9", "1"])
  }

  @Test func aVersionThatFailsLeavesTheOthersServing() throws {
    let catalogue = Catalogue(["m": ["2", "1"]])
    catalogue.broken.withLock { $0 = ["m/2"] }
    let repository = repository(catalogue)
    #expect(throws: ModelLoadError.self) { try repository.load("m") }
    #expect(repository.entry("m")?.version == "1")
    #expect(repository.versions(of: "m").map(\.indexState) == ["UNAVAILABLE", "READY"])
    #expect(repository.versions(of: "m").first?.indexReason == "m/2 is broken")
  }

  @Test func aLoadTakesInNewVersionsAndLetsGoOfThoseThatAreGone() throws {
    let catalogue = Catalogue(["m": ["1"]])
    let repository = repository(catalogue)
    try repository.load("m")
    let old = try #require(repository.entry("m"))
    #expect(old.isCurrent)
    catalogue.versions.withLock { $0 = ["m": ["2"]] }
    try repository.load("m")
    #expect(!old.isCurrent)
    #expect(old.loaded != nil)
    #expect(repository.versions(of: "m").map(\.version) == ["2"])
    #expect(repository.budget.bytes == 100)
  }

  @Test func aFailedReloadKeepsTheOldInstance() throws {
    let catalogue = Catalogue(["m": [nil]])
    let repository = repository(catalogue)
    try repository.load("m")
    let instance = repository.entry("m")?.instance
    catalogue.broken.withLock { $0 = ["m"] }
    #expect(throws: ModelLoadError.self) { try repository.load("m") }
    let entry = try #require(repository.entry("m"))
    #expect(entry.instance == instance)
    #expect(entry.loaded != nil)
    #expect(entry.indexState == "READY")
    #expect(entry.indexReason == "the last load failed, an older one serves: m is broken")
  }

  @Test func unloadingAVersionLeavesTheOthers() throws {
    let repository = repository(Catalogue(["m": ["2", "1"]]))
    try repository.load("m")
    #expect(repository.unload("m", version: "2"))
    #expect(repository.entry("m")?.version == "1")
    #expect(!repository.unload("m", version: "3"))
    #expect(repository.unload("m"))
    #expect(repository.entry("m")?.isServable == false)
    #expect(repository.budget.bytes == 0)
    #expect(!repository.unload("other"))
  }

  @Test func anUnloadedModelWhoseFilesAreGoneIsForgotten() throws {
    let catalogue = Catalogue(["m": [nil]])
    let repository = repository(catalogue)
    try repository.load("m")
    catalogue.versions.withLock { $0 = [:] }
    #expect(repository.unload("m"))
    #expect(!repository.knows("m"))
    #expect(repository.budget.bytes == 0)
    #expect(!repository.unload("m"))
  }

  @Test func aNameThatIsGoneIsForgotten() throws {
    let catalogue = Catalogue(["m": [nil]])
    let repository = repository(catalogue)
    try repository.load("m")
    #expect(repository.knows("m"))
    catalogue.versions.withLock { $0 = [:] }
    #expect(throws: ModelLoadError.self) { try repository.load("m") }
    #expect(repository.entry("m") == nil)
    #expect(!repository.knows("m"))
    #expect(repository.names.isEmpty)
  }

  // MARK: memory

  @Test func theModelThatWasUsedLongestAgoMakesRoom() throws {
    let repository = repository(Catalogue(["a": [nil], "b": [nil], "c": [nil], "d": [nil]]), limit: 300)
    for name in ["a", "b", "c"] { try repository.load(name) }
    repository.entry("a")?.lane.noteUse(at: .seconds(1_000_000_000))
    try repository.load("d")
    #expect(repository.entry("b")?.loaded == nil)
    #expect(repository.entry("b")?.isServable == true)
    #expect(repository.entry("b")?.signature != nil)
    #expect(["a", "c", "d"].allSatisfy { repository.entry($0)?.loaded != nil })
    #expect(repository.budget.evictions == 1)
  }

  @Test func whatTheDirectPathAnswersCountsAsUse() throws {
    let repository = repository(Catalogue(["a": [nil], "b": [nil], "c": [nil]]), limit: 200)
    try repository.load("a")
    try repository.load("b")
    repository.entry("a")?.metrics.shard(0).predict.observe(nanoseconds: 1000)
    try repository.load("c")
    #expect(repository.entry("a")?.loaded != nil)
    #expect(repository.entry("b")?.loaded == nil)
  }

  @Test func anEvictedModelComesBackOnDemand() async throws {
    let catalogue = Catalogue(["a": [nil], "b": [nil]])
    let repository = repository(catalogue, limit: 100)
    try repository.load("a")
    try repository.load("b")
    let entry = try #require(repository.entry("a"))
    #expect(entry.loaded == nil)
    #expect(entry.indexState == "UNAVAILABLE")
    let scheduler = InferenceScheduler(loops: 1, repository: repository)
    let input = Tensor(name: "x", shape: [1, 2], values: .float64([1, 2]))
    let call = InferenceCall(entry: entry, request: PredictRequest(inputs: [input]))
    let outcome = await withCheckedContinuation { continuation in
      scheduler.submit(call, shard: 0) { outcome, _ in continuation.resume(returning: outcome) }
    }
    guard case .outputs(let outputs, _) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(outputs.first?.values.doubles() == [3])
    #expect(repository.entry("a")?.loaded != nil)
    #expect(repository.entry("b")?.loaded == nil)
    #expect(catalogue.loads.withLock { $0 } == ["a", "b", "a"])
  }

  @Test func modelsThatEvictOneAnotherAllAnswer() async throws {
    let names = ["a", "b", "c", "d"]
    let versions: [(String, [String?])] = names.map { ($0, [nil]) }
    let repository = repository(Catalogue(Dictionary(uniqueKeysWithValues: versions)), limit: 100)
    for name in names { try repository.load(name) }
    let failures = await withTaskGroup(of: Int.self) { group in
      for name in names {
        group.addTask { await Self.failures(recalling: name, in: repository) }
      }
      return await group.reduce(0, +)
    }
    #expect(failures == 0)
  }

  /// How many of many recalls give no model, on a thread of their own.
  private static func failures(recalling name: String, in repository: ModelRepository) async -> Int {
    await withCheckedContinuation { continuation in
      do {
        try NamedThread.start("recall") {
          let failures = (0..<200).count { _ in
            guard let entry = repository.entry(name) else { return true }
            return (try? repository.recall(entry))?.loaded == nil
          }
          continuation.resume(returning: failures)
        }
      } catch {
        continuation.resume(returning: -1)
      }
    }
  }

  @Test func aModelLargerThanAllMemoryIsRefused() {
    let repository = repository(Catalogue(["a": [nil]]), limit: 99)
    #expect(throws: ModelLoadError.self) { try repository.load("a") }
    guard case .failed(let error)? = repository.entry("a")?.state else {
      Issue.record("it is not failed")
      return
    }
    #expect(error.code == .tooLarge)
    #expect(repository.budget.bytes == 0)
  }

  @Test func atStartWhatDoesNotFitIsLoadedOnDemand() throws {
    let names = Dictionary(uniqueKeysWithValues: (0..<10).map { ("m\($0)", [String?.none]) })
    let repository = repository(Catalogue(names), limit: 300)
    let report = try repository.loadAll(threads: 1)
    #expect(report.loaded == 3)
    #expect(report.deferred == 7)
    #expect(repository.entries().filter { !$0.isServable }.isEmpty)
  }

  // MARK: many

  @Test func aBadModelAmongManyFailsAlone() throws {
    let names = Dictionary(uniqueKeysWithValues: (0..<20).map { ("m\($0)", [String?.none]) })
    let catalogue = Catalogue(names)
    catalogue.broken.withLock { $0 = ["m7"] }
    let repository = repository(catalogue)
    let report = try repository.loadAll(threads: 4)
    #expect(report.loaded == 19)
    #expect(report.failures.map(\.name) == ["m7"])
    #expect(repository.isReady)
  }

  @Test func tenThousandModelsCostAFewKilobytesEach() throws {
    let names = Dictionary(uniqueKeysWithValues: (0..<10_000).map { ("model-\($0)", [String?.none]) })
    let before = ProcessStatistics.residentBytes ?? 0
    let repository = repository(Catalogue(names))
    let report = try repository.loadAll(threads: 2)
    #expect(report.loaded == 10_000)
    let after = ProcessStatistics.residentBytes ?? 0
    #expect(after - before < 200 << 20)
    let view = RepositoryView(repository)
    for index in stride(from: 0, to: 10_000, by: 97) {
      #expect(view.entry("model-\(index)")?.name == "model-\(index)")
    }
  }

  @Test func aViewFindsWhatTheRepositoryHasNow() throws {
    let catalogue = Catalogue(["m": ["1"]])
    let repository = repository(catalogue)
    let view = RepositoryView(repository)
    #expect(view.entry("m") == nil)
    try repository.load("m")
    #expect(view.entry("m")?.version == "1")
    catalogue.versions.withLock { $0 = ["m": ["2", "1"]] }
    try repository.load("m")
    #expect(view.entry("m")?.version == "2")
    #expect(view.entry("m", version: "1")?.version == "1")
    repository.unload("m")
    #expect(view.entry("m")?.loaded == nil)
    catalogue.versions.withLock { $0 = [:] }
    try? repository.load("m")
    #expect(view.entry("m") == nil)
  }

  @Test func swapsUnderLoadDropNothing() async throws {
    let repository = repository(Catalogue(["m": [nil]]))
    try repository.load("m")
    let scheduler = InferenceScheduler(loops: 1, repository: repository)
    let input = Tensor(name: "x", shape: [1, 2], values: .float64([1, 2]))
    let answered = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          var count = 0
          for _ in 0..<500 {
            guard let entry = repository.entry("m"), entry.isServable else { continue }
            let outcome = await withCheckedContinuation { continuation in
              scheduler.submit(
                InferenceCall(entry: entry, request: PredictRequest(inputs: [input])), shard: 0
              ) { outcome, _ in continuation.resume(returning: outcome) }
            }
            if case .outputs = outcome { count += 1 }
          }
          return count
        }
      }
      group.addTask {
        for _ in 0..<100 { try? repository.load("m") }
        return 0
      }
      return await group.reduce(0, +)
    }
    #expect(answered == 2000)
  }
}
