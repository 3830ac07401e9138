import Basics
import Linux
import ModelStorage
import ServingAPI
import Synchronization
import Testing

@testable import Sidecar

/// A server that notes what it is told.
private final class Recorder: ModelRepositoryServer {
  struct Refused: Error {}
  private let state = Mutex<(calls: [String], refusals: Int)>(([], 0))
  private let told = AsyncStream.makeStream(of: String.self)

  init(refusals: Int = 0) {
    state.withLock { $0.refusals = refusals }
  }

  var calls: [String] { state.withLock { $0.calls } }
  var stream: AsyncStream<String> { told.stream }

  func load(_ name: String) async throws { try note("load \(name)") }
  func unload(_ name: String) async throws { try note("unload \(name)") }

  private func note(_ call: String) throws {
    let isRefused = state.withLock { state in
      state.calls.append(call)
      state.refusals -= 1
      return state.refusals >= 0
    }
    told.continuation.yield(isRefused ? "refused" : call)
    if isRefused { throw Refused() }
  }
}

@Suite struct ModelPullerTests {
  private func withPuller(
    refusals: Int = 0, fetch: ModelPuller.Fetch? = nil,
    _ body: (_ folder: String, _ server: AsyncStream<String>.Iterator, _ clock: SimulatedClock) async throws
      -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try Files.createDirectories("\(folder.path)/configs")
    try Files.createDirectories("\(folder.path)/models")
    let clock = SimulatedClock()
    let server = Recorder(refusals: refusals)
    let puller = ModelPuller(
      configurationFolder: "\(folder.path)/configs", modelFolder: "\(folder.path)/models", server: server,
      clock: clock,
      fetch: fetch ?? { source, target in
        try Files.writeAtomically(Array(source.utf8), to: "\(target)/model.txt")
      })
    let work = Task { await puller.run() }
    // Time runs as fast as the puller sleeps.
    let ticks = Task {
      while !Task.isCancelled {
        await clock.waitForSleepers()
        clock.advance(by: .milliseconds(200))
        await Task.yield()
      }
    }
    do {
      try await body(folder.path, server.stream.makeAsyncIterator(), clock)
    } catch {
      ticks.cancel()
      work.cancel()
      await work.value
      throw error
    }
    work.cancel()
    await work.value
    ticks.cancel()
  }

  private func list(_ folder: String, _ models: [(String, String)]) throws {
    let entries = models.map {
      ModelListEntry(name: $0.0, storageURI: $0.1, framework: "sklearn", memory: "1Mi")
    }
    try Files.writeAtomically(Array(ModelList.encode(entries).utf8), to: "\(folder)/configs/models.json")
  }

  private func content(_ folder: String, _ model: String) throws -> String {
    String(decoding: try Files.read("\(folder)/models/\(model)/model.txt"), as: UTF8.self)
  }

  @Test func listedModelsAreFetchedLoadedChangedAndRemoved() async throws {
    try await withPuller { folder, server, _ in
      var server = server
      try list(folder, [("a", "s3://b/1")])
      #expect(await server.next() == "load a")
      #expect(try content(folder, "a") == "s3://b/1")
      try list(folder, [("a", "s3://b/2")])
      #expect(await server.next() == "load a")
      #expect(try content(folder, "a") == "s3://b/2")
      try list(folder, [])
      #expect(await server.next() == "unload a")
    }
  }

  @Test func aRefusedLoadIsTriedAgainWithoutASecondDownload() async throws {
    let downloads = Mutex(0)
    try await withPuller(
      refusals: 2,
      fetch: { source, target in
        downloads.withLock { $0 += 1 }
        try Files.writeAtomically([1], to: "\(target)/model.txt")
      }
    ) { folder, server, _ in
      var server = server
      try list(folder, [("a", "s3://b/1")])
      #expect(await server.next() == "refused")
      #expect(await server.next() == "refused")
      #expect(await server.next() == "load a")
    }
    #expect(downloads.withLock { $0 } == 1)
  }

  @Test func aFailedDownloadHoldsNoOtherModelUp() async throws {
    struct Gone: Error {}
    try await withPuller(
      fetch: { source, target in
        if source.hasSuffix("gone") { throw Gone() }
        try Files.writeAtomically([1], to: "\(target)/model.txt")
      }
    ) { folder, server, _ in
      var server = server
      try list(folder, [("a", "s3://b/gone"), ("b", "s3://b/1")])
      #expect(await server.next() == "load b")
      try list(folder, [("a", "s3://b/2"), ("b", "s3://b/1")])
      #expect(await server.next() == "load a")
    }
  }

  @Test func aFaultyListChangesNothing() async throws {
    try await withPuller { folder, server, _ in
      var server = server
      try list(folder, [("a", "s3://b/1")])
      #expect(await server.next() == "load a")
      try Files.writeAtomically(Array("[{".utf8), to: "\(folder)/configs/models.json")
      try list(folder, [("a", "s3://b/1"), ("b", "s3://b/1")])
      #expect(await server.next() == "load b")
    }
  }

  @Test func whatWasFetchedBeforeIsKnownAgain() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let store = PulledModels(folder: folder.path)
    let entry = ModelListEntry(name: "a", storageURI: "s3://b/1", framework: "sklearn", memory: "1")
    let target = try store.prepare("a")
    try Files.writeAtomically([1], to: "\(target)/model.txt")
    try store.install(entry)
    try store.remember(entry)
    #expect(PulledModels(folder: folder.path).recover() == ["a": entry])
    try store.remove("a")
    #expect(PulledModels(folder: folder.path).recover() == [:])
  }
}

@Suite struct AgentFlagsTests {
  @Test func upstreamsFlagsAreTaken() throws {
    let flags = try AgentFlags.parse([
      "--enable-puller", "--config-dir", "/c", "-model-dir=/m", "--component-port", "8081", "--log-url",
      "http://x", "--enable-batcher",
    ])
    #expect(flags.isPullerEnabled)
    #expect(flags.configurationFolder == "/c")
    #expect(flags.modelFolder == "/m")
    #expect(flags.componentPort == 8081)
    #expect(flags.ignored == ["--log-url", "--enable-batcher"])
  }

  @Test(arguments: [["x"], ["--config-dir"], ["--component-port", "0"], ["--component-port=x"]])
  func faultyOnesAreRefused(_ arguments: [String]) {
    #expect(throws: AgentFlags.Failure.self) { try AgentFlags.parse(arguments) }
  }

  @Test func aFailureHasItsCode() {
    #expect(ModelPuller.code(of: StorageError(.accessDenied, "no")) == .accessDenied)
    #expect(
      ModelPuller.code(of: V2RepositoryServer.Refusal(description: "", code: .unreadable)) == .unreadable)
    #expect(ModelPuller.code(of: Recorder.Refused()) == .notReadyYet)
    for code in StorageError.Code.allCases {
      #expect(ModelPuller.code(of: StorageError(code, "")).rawValue == code.rawValue)
    }
  }
}
