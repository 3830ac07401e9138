import Basics
import Formats
import KubeClient
import KubeProtocol
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct InformerTests {
  /// Changes as short texts: `+a=1`, `~a=2`, `-a`; waits for them.
  final class Changes: Sendable {
    private struct State {
      var texts: [String] = []
      var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }
    private let state = Mutex(State())

    func take(_ change: InformerChange) {
      let object = change.object
      let value = object.json.at("data", "value")?.string ?? ""
      let text =
        switch change {
        case .added: "+\(object.name)=\(value)"
        case .updated: "~\(object.name)=\(value)"
        case .deleted: "-\(object.name)"
        }
      let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
        state.texts.append(text)
        guard let waiter = state.waiter, state.texts.count >= waiter.count else { return nil }
        state.waiter = nil
        return waiter.continuation
      }
      waiter?.resume()
    }

    func first(_ count: Int) async -> [String] {
      await withCheckedContinuation { continuation in
        let isThere = state.withLock { state in
          if state.texts.count >= count { return true }
          state.waiter = (count, continuation)
          return false
        }
        if isThere { continuation.resume() }
      }
      return state.withLock { $0.texts }
    }
  }

  let server = FakeCollection()
  let clock = SimulatedClock()
  let changes = Changes()

  /// Runs an informer while `body` looks at it.
  private func withInformer(_ body: (Informer) async throws -> Void) async throws {
    let informer = Informer(client: KubeClient(server), resource: .configMaps, clock: clock)
    informer.onChange { [changes] in changes.take($0) }
    let running = Task { await informer.run() }
    do {
      try await body(informer)
    } catch {
      running.cancel()
      throw error
    }
    running.cancel()
    await running.value
  }

  @Test func followsTheServer() async throws {
    server.put("a", "1")
    try await withInformer { informer in
      try await informer.waitUntilSynced()
      #expect(informer.get(namespace: "n", name: "a")?.json.at("data", "value") == "1")
      await server.waitForWatches(1)
      server.put("b", "1")
      server.put("a", "2")
      server.remove("b")
      #expect(await changes.first(4) == ["+a=1", "+b=1", "~a=2", "-b"])
      #expect(informer.list().map(\.name) == ["a"])
      #expect(informer.list(namespace: "other").isEmpty)
    }
  }

  @Test func aHandlerThatComesLateIsToldWhatThereIs() async throws {
    server.put("a", "1")
    try await withInformer { informer in
      try await informer.waitUntilSynced()
      let late = Changes()
      informer.onChange { late.take($0) }
      server.put("b", "1")
      #expect(await late.first(2) == ["+a=1", "+b=1"])
    }
  }

  @Test func aWatchThatEndsGoesOnWhereItWas() async throws {
    try await withInformer { informer in
      await server.waitForWatches(1)
      server.put("a", "1")
      _ = await changes.first(1)
      server.cutWatches()
      server.put("a", "2")
      #expect(await changes.first(2) == ["+a=1", "~a=2"])
      #expect(server.lists == 1)
      #expect(informer.hasObserved(informer.resourceVersion))
    }
  }

  @Test func aCutConnectionIsTriedAgainAfterADelayWithoutLosingAnything() async throws {
    struct Cut: Error {}
    try await withInformer { informer in
      await server.waitForWatches(1)
      server.put("a", "1")
      _ = await changes.first(1)
      server.refuseNext(KubeError(.internalError, "no"), KubeError(.serviceUnavailable, "no"))
      server.cutWatches(Cut())
      server.put("b", "1")
      for _ in 0..<3 {
        await clock.waitForSleepers()
        clock.advance(by: .seconds(30))
      }
      #expect(await changes.first(2) == ["+a=1", "+b=1"])
      #expect(server.lists == 1)
    }
  }

  @Test func anExpiredWatchListsAgainAndTellsWhatChangedMeanwhile() async throws {
    server.put("stays", "1")
    server.put("changes", "1")
    server.put("goes", "1")
    server.put("is-replaced", "1")
    try await withInformer { informer in
      await server.waitForWatches(1)
      _ = await changes.first(4)
      server.refuseNext(KubeError(.expired, "too old resource version"))
      server.cutWatches()
      server.put("changes", "2")
      server.remove("goes")
      server.remove("is-replaced")
      server.put("is-replaced", "2", uid: "another")
      server.put("comes", "1")
      server.compact()
      // The first end is followed up at once, the second after a delay.
      await clock.waitForSleepers()
      clock.advance(by: .seconds(30))
      await server.waitForLists(2)
      let told = await changes.first(9).dropFirst(4)
      #expect(Set(told) == ["~changes=2", "-goes", "-is-replaced", "+is-replaced=2", "+comes=1"])
      #expect(informer.list().map(\.name) == ["changes", "comes", "is-replaced", "stays"])
      await server.waitForWatches(3)
      server.put("stays", "2")
      #expect(await changes.first(10).last == "~stays=2")
    }
  }

  @Test func anErrorEventWith410ListsAgain() async throws {
    server.put("a", "1")
    try await withInformer { informer in
      await server.waitForWatches(1)
      server.compact()
      server.cutWatches(KubeError(.expired, "too old resource version"))
      await server.waitForLists(2)
      server.put("b", "1")
      #expect(await changes.first(2) == ["+a=1", "+b=1"])
    }
  }

  @Test func aListThatFailsIsTriedAgainLaterAndLater() async throws {
    server.refuseNext(
      KubeError(.internalError, "no"), KubeError(.notFound, "no"), KubeError(.unauthorized, "no"))
    try await withInformer { informer in
      for expected in [20, 40, 80] {
        await clock.waitForSleepers()
        #expect(clock.nextWake == .milliseconds(expected))
        #expect(!informer.isSynced)
        clock.advance(by: .milliseconds(expected))
      }
      try await informer.waitUntilSynced()
      #expect(server.lists == 4)
    }
  }

  @Test func indicesFollowTheObjects() async throws {
    server.put("a", "x", owner: "o1")
    try await withInformer { informer in
      informer.addIndex("value") { [$0.json.at("data", "value")?.string ?? ""] }
      try await informer.waitUntilSynced()
      await server.waitForWatches(1)
      #expect(informer.owned(by: "o1").map(\.name) == ["a"])
      server.put("b", "x")
      server.put("a", "y")
      _ = await changes.first(3)
      #expect(informer.byIndex("value", "x").map(\.name) == ["b"])
      #expect(informer.byIndex("value", "y").map(\.name) == ["a"])
      #expect(informer.owned(by: "o1").isEmpty)
      #expect(informer.byIndex("unknown", "x").isEmpty)
    }
  }

  @Test func knowsWhichWritesItHasSeen() async throws {
    try await withInformer { informer in
      await server.waitForWatches(1)
      let revision = server.put("a", "1")
      _ = await changes.first(1)
      #expect(informer.hasObserved(revision))
      #expect(!informer.hasObserved("1000"))
      #expect(informer.hasObserved("of-another-server"))
    }
  }

  @Test func waitingForAnInformerThatNeverSyncsCanBeCancelled() async {
    let informer = Informer(client: KubeClient(server), resource: .configMaps, clock: clock)
    let waiting = Task { try await informer.waitUntilSynced() }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
  }

  @Test func sharedInformersAreOnePerCollectionAndRunTogether() async throws {
    server.put("a", "1")
    let shared = SharedInformers(client: KubeClient(server), clock: clock)
    let first = shared.informer(.configMaps)
    #expect(shared.informer(.configMaps) === first)
    #expect(shared.informer(.configMaps, namespace: "n") !== first)
    let running = Task { await shared.run() }
    try await shared.waitUntilSynced()
    #expect(first.list().count == 1)
    let late = shared.informer(.configMaps, labelSelector: "a=b")
    try await late.waitUntilSynced()
    running.cancel()
    await running.value
  }
}
