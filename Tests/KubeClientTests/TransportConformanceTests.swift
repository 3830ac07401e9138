import Basics
import Formats
import HTTPTransport
import KubeClient
import KubeProtocol
import KubeStore
import Testing

/// Both transports answer alike.
@Suite(.timeLimit(.minutes(1))) struct TransportConformanceTests {
  private func configMap(_ name: String, _ value: String = "1", labels: [String: String] = [:]) -> KubeObject
  {
    var object = KubeObject(.configMaps, namespace: "default", name: name)
    object.labels = labels
    object["data"] = ["value": .string(value)]
    return object
  }

  @Test(arguments: ServedAPI.Way.allCases)
  func objectsAreCreatedReadChangedAndDeleted(_ way: ServedAPI.Way) async throws {
    try await ServedAPI.run(way) { api in
      let created = try await api.client.create(.configMaps, configMap("a", "ä\u{0}\"€"))
      #expect(!created.uid.isEmpty)
      var read = try await api.client.get(.configMaps, namespace: "default", name: "a")
      #expect(read == created)
      read["data"] = ["value": "2"]
      let updated = try await api.client.update(.configMaps, read)
      #expect(updated.resourceVersion != created.resourceVersion)
      let patched = try await api.client.patch(
        .configMaps, namespace: "default", name: "a", ["data": ["other": "3", "value": .null]])
      #expect(patched["data"] == ["other": "3"])
      try await api.client.delete(.configMaps, namespace: "default", name: "a", uid: created.uid)
      #expect(try await api.client.find(.configMaps, namespace: "default", name: "a") == nil)
    }
  }

  @Test(arguments: ServedAPI.Way.allCases)
  func refusalsAreKubeErrors(_ way: ServedAPI.Way) async throws {
    try await ServedAPI.run(way) { api in
      let created = try await api.client.create(.configMaps, configMap("a"))
      try await api.client.update(.configMaps, created)
      var changed = created
      changed["data"] = ["value": "2"]
      try await api.client.update(.configMaps, changed)
      changed["data"] = ["value": "3"]
      let stale = changed
      func reason(_ body: @Sendable () async throws -> Void) async -> KubeError? {
        await #expect(throws: KubeError.self) { try await body() }
      }
      let notFound = await reason {
        _ = try await api.client.get(.configMaps, namespace: "default", name: "x")
      }
      #expect(notFound?.reason == .notFound)
      #expect(notFound?.message == "configmaps \"x\" not found")
      let exists = await reason { _ = try await api.client.create(.configMaps, created) }
      #expect(exists?.reason == .alreadyExists || exists?.reason == .badRequest)
      let conflict = await reason { _ = try await api.client.update(.configMaps, stale) }
      #expect(conflict?.reason == .conflict)
      #expect(conflict?.code == 409)
      let other = await reason {
        try await api.client.delete(.configMaps, namespace: "default", name: "a", uid: "another")
      }
      #expect(other?.reason == .conflict)
      let unknown = KubeResource(group: "x.y", version: "v1", plural: "zs", kind: "Z", isNamespaced: true)
      #expect(await reason { _ = try await api.client.list(unknown) }?.reason == .notFound)
    }
  }

  @Test(arguments: ServedAPI.Way.allCases)
  func listsAreSelected(_ way: ServedAPI.Way) async throws {
    try await ServedAPI.run(way) { api in
      for (name, tier) in [("a", "x"), ("b", "y"), ("c", "z")] {
        try await api.client.create(.configMaps, configMap(name, labels: ["example.com/tier": tier]))
      }
      let some = try await api.client.list(
        .configMaps, namespace: "default", labelSelector: "example.com/tier in (x, z),!absent")
      #expect(some.items.map(\.name) == ["a", "c"])
      #expect(some.items.allSatisfy { $0.kind == "ConfigMap" && $0.apiVersion == "v1" })
      #expect(!some.resourceVersion.isEmpty)
      let one = try await api.client.list(
        .configMaps, fieldSelector: "metadata.name=b,metadata.namespace=default")
      #expect(one.items.map(\.name) == ["b"])
    }
  }

  @Test(arguments: ServedAPI.Way.allCases)
  func aWatchTellsWhatHappensAfterTheList(_ way: ServedAPI.Way) async throws {
    try await ServedAPI.run(way) { api in
      try await api.client.create(.configMaps, configMap("before"))
      let list = try await api.client.list(.configMaps, namespace: "default")
      let events = try await api.client.watch(
        .configMaps, namespace: "default", resourceVersion: list.resourceVersion)
      try await api.client.create(.configMaps, configMap("a"))
      try await api.client.patch(.configMaps, namespace: "default", name: "a", ["data": ["value": "2"]])
      try await api.client.delete(.configMaps, namespace: "default", name: "a")
      var told: [String] = []
      for try await event in events where event.kind != .bookmark {
        told.append("\(event.kind.rawValue) \(event.object.name)")
        if told.count == 3 { break }
      }
      #expect(told == ["ADDED a", "MODIFIED a", "DELETED a"])
    }
  }

  @Test(arguments: ServedAPI.Way.allCases)
  func aWatchFromAForgottenRevisionIsExpired(_ way: ServedAPI.Way) async throws {
    try await ServedAPI.run(way) { api in
      let first = try await api.client.create(.configMaps, configMap("a"))
      for value in 2...5 {
        try await api.client.patch(
          .configMaps, namespace: "default", name: "a", ["data": ["value": .string("\(value)")]])
      }
      try await api.store.compact(before: try await api.store.currentRevision())
      let error = await #expect(throws: KubeError.self) {
        let events = try await api.client.watch(
          .configMaps, namespace: "default", resourceVersion: first.resourceVersion)
        for try await event in events where event.kind == .error {
          throw KubeError(statusJSON: event.object.json, httpStatus: 500)
        }
      }
      #expect(error?.code == 410)
    }
  }

  @Test(arguments: ServedAPI.Way.allCases)
  func anInformerFollows(_ way: ServedAPI.Way) async throws {
    try await ServedAPI.run(way) { api in
      for number in 0..<50 { try await api.client.create(.configMaps, configMap("c\(number)")) }
      let informer = Informer(client: api.client, resource: .configMaps, namespace: "default")
      let changed = WakeSignal()
      informer.onChange { _ in changed.signal() }
      let running = Task { await informer.run() }
      try await informer.waitUntilSynced()
      for number in 0..<50 where number % 2 == 0 {
        try await api.client.delete(.configMaps, namespace: "default", name: "c\(number)")
      }
      let last = try await api.client.create(.configMaps, configMap("last"))
      while !informer.hasObserved(last.resourceVersion) { await changed.wait() }
      let wanted = try await api.client.list(.configMaps, namespace: "default").items
      #expect(informer.list() == wanted.sorted { $0.key < $1.key })
      running.cancel()
      await running.value
    }
  }

  @Test func aWrongTokenIsUnauthorized() async throws {
    try await ServedAPI.run(.https) { api in
      var configuration = try #require(api.configuration)
      configuration.token = "wrong"
      let stranger = KubeClient(try HTTPSKubeTransport(configuration, group: try #require(api.group)))
      let error = await #expect(throws: KubeError.self) { try await stranger.list(.configMaps) }
      #expect(error?.reason == .unauthorized)
      let watch = await #expect(throws: KubeError.self) {
        _ = try await stranger.watch(.configMaps, resourceVersion: "0")
      }
      #expect(watch?.reason == .unauthorized)
    }
  }

  @Test func anUnknownAuthorityIsRefused() async throws {
    try await ServedAPI.run(.https) { api in
      try await ServedAPI.run(.https) { other in
        var configuration = try #require(api.configuration)
        configuration.authorityPEM = try #require(other.configuration).authorityPEM
        let client = KubeClient(try HTTPSKubeTransport(configuration, group: try #require(api.group)))
        await #expect(throws: HTTPClientError.self) { try await client.list(.configMaps) }
      }
    }
  }

  @Test func aServerThatGoesAwayIsAnErrorNotAHang() async throws {
    try await ServedAPI.run(.https) { api in
      let list = try await api.client.list(.configMaps, namespace: "default")
      let events = try await api.client.watch(
        .configMaps, namespace: "default", resourceVersion: list.resourceVersion)
      await api.web?.drain(timeout: .zero)
      // The watch ends, with or without an error; a new request cannot be sent.
      do {
        for try await _ in events {}
      } catch {
        #expect(error is HTTPClientError)
      }
      await #expect(throws: HTTPClientError.self) { try await api.client.list(.configMaps) }
    }
  }
}
