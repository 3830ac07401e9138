import Formats
import KubeClient
import KubeProtocol
import KubeStore
import Testing

@testable import APIServer

@Suite struct WatchTests {
  private func take(
    _ count: Int, from events: AsyncThrowingStream<WatchEvent, any Error>
  ) async throws -> [WatchEvent] {
    var taken: [WatchEvent] = []
    for try await event in events {
      taken.append(event)
      if taken.count == count { break }
    }
    return taken
  }

  private func watch(
    _ test: TestServer, _ query: [(name: String, value: String)], accept: String = ""
  ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
    let response = try await test.server.send(
      KubeRequest(
        method: "GET", path: "/api/v1/namespaces/default/configmaps", query: [("watch", "1")] + query,
        accept: accept))
    guard case .watch(let events) = response.body else {
      throw KubeError(.unknown, "no watch: \(response.status)")
    }
    return events
  }

  @Test func withoutARevisionAWatchBeginsWithWhatIsThere() async throws {
    try await TestServer.run { test in
      try await test.client.create(.configMaps, .configMap("a"))
      for query in [[], [(name: "resourceVersion", value: "0")]] {
        let events = try await watch(test, query)
        let first = try await take(1, from: events)
        #expect(first.map(\.kind) == [.added])
        #expect(first.first?.object.name == "a")
      }
    }
  }

  @Test func changesAfterARevisionComeInOrder() async throws {
    try await TestServer.run { test in
      let list = try await test.client.list(.configMaps, namespace: "default")
      try await test.client.create(.configMaps, .configMap("a"))
      try await test.client.patch(.configMaps, namespace: "default", name: "a", ["data": ["x": "1"]])
      try await test.client.create(.configMaps, .configMap("other", namespace: "kserve"))
      try await test.client.delete(.configMaps, namespace: "default", name: "a")
      let events = try await take(
        3, from: try await watch(test, [("resourceVersion", list.resourceVersion)]))
      #expect(events.map(\.kind) == [.added, .modified, .deleted])
      let revisions = events.compactMap { Int64($0.object.resourceVersion) }
      #expect(revisions == revisions.sorted() && Set(revisions).count == 3)
      #expect(events[2].object["data"] == ["x": "1"])
    }
  }

  @Test func anObjectThatStartsOrStopsToMatchIsAddedOrDeleted() async throws {
    try await TestServer.run { test in
      let list = try await test.client.list(.configMaps, namespace: "default")
      try await test.client.create(.configMaps, .configMap("a"))
      for label in ["x", "y", "z"] {
        try await test.client.patch(
          .configMaps, namespace: "default", name: "a",
          ["metadata": ["labels": ["tier": .string(label == "z" ? "back" : "front"), "n": .string(label)]]])
      }
      let events = try await take(
        3,
        from: try await watch(
          test, [("resourceVersion", list.resourceVersion), ("labelSelector", "tier=front")]))
      #expect(events.map(\.kind) == [.added, .modified, .deleted])
      #expect(events[2].object.labels["tier"] == "front")
      #expect(events[2].object.resourceVersion != events[1].object.resourceVersion)
    }
  }

  @Test func aRevisionThatIsForgottenIsGone() async throws {
    try await TestServer.run { test in
      for index in 0..<5 { try await test.client.create(.configMaps, .configMap("a\(index)")) }
      try await test.store.compact(before: try await test.store.currentRevision())
      let error = await kubeError { _ = try await test.client.watch(.configMaps, resourceVersion: "1") }
      #expect(error?.code == 410)
      #expect(error?.reason == .expired)
    }
  }

  @Test func aWatchEndsAfterItsTimeWithABookmark() async throws {
    try await TestServer.run { test in
      let list = try await test.client.list(.configMaps, namespace: "default")
      let events = try await watch(
        test,
        [("resourceVersion", list.resourceVersion), ("timeoutSeconds", "0"), ("allowWatchBookmarks", "true")])
      let all = try await take(10, from: events)
      #expect(all.map(\.kind) == [.bookmark])
      #expect(all.first?.object.resourceVersion == list.resourceVersion)
    }
  }

  @Test func tablesAreWatchedWithColumnsInTheFirstEventAlone() async throws {
    try await TestServer.run { test in
      try await test.client.create(.configMaps, .configMap("a", ["k": "v"]))
      try await test.client.create(.configMaps, .configMap("b"))
      let events = try await take(
        2,
        from: try await watch(
          test, [], accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"))
      #expect(events[0].object.kind == "Table")
      #expect(events[0].object["columnDefinitions"]?.array?.count == 3)
      #expect(events[1].object["columnDefinitions"] == [])
      #expect(events[0].object["rows"]?[0]?["cells"]?[1] == 1)
    }
  }

  @Test func fieldSelectorsSelectByName() async throws {
    try await TestServer.run { test in
      try await test.client.create(.configMaps, .configMap("a"))
      try await test.client.create(.configMaps, .configMap("b"))
      let list = try await test.client.list(
        .configMaps, namespace: "default", fieldSelector: "metadata.name=b")
      #expect(list.items.map(\.name) == ["b"])
      let unknown = await kubeError {
        _ = try await test.client.list(.configMaps, namespace: "default", fieldSelector: "data.x=1")
      }
      #expect(unknown?.code == 400)
      #expect(unknown?.message.hasSuffix("field label not supported: data.x") == true)
    }
  }
}
