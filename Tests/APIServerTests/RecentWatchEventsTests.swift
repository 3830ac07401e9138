import Basics
import Formats
import HTTPTransport
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct RecentWatchEventsTests {
  private func key(_ revision: Int64, _ key: String = "a") -> RecentWatchEvents.Key {
    RecentWatchEvents.Key(revision: revision, key: key, kind: .modified, apiVersion: "v1")
  }

  private func watch(
    _ test: TestServer, _ query: [(name: String, value: String)] = [], accept: String = ""
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

  private func place(_ bytes: Bytes) -> UInt? {
    bytes.withUnsafeBytes { $0.baseAddress.map { UInt(bitPattern: $0) } }
  }

  @Test func aHundredWatchersHoldOneChangeOnce() async throws {
    try await TestServer.run { test in
      let list = try await test.client.list(.configMaps, namespace: "default")
      var watches: [AsyncThrowingStream<WatchEvent, any Error>] = []
      for number in 0..<100 {
        let selector: [(name: String, value: String)] =
          number % 2 == 0 ? [] : [("fieldSelector", "metadata.name=a")]
        watches.append(try await watch(test, selector + [("resourceVersion", list.resourceVersion)]))
      }
      var object = KubeObject.configMap("a")
      object["data"] = ["text": .string(String(repeating: "x", count: 100_000))]
      try await test.client.create(.configMaps, object)
      // All are kept, as the connections of watchers that do not read keep them.
      var lines: [Bytes] = []
      for events in watches {
        var iterator = events.makeAsyncIterator()
        lines.append(try #require(try await iterator.next()).line)
      }
      #expect(lines.allSatisfy { $0.count > 100_000 })
      #expect(Set(lines.compactMap(place)).count == 1)
    }
  }

  @Test func eachFormAndKindOfAChangeIsItsOwn() async throws {
    try await TestServer.run { test in
      let list = try await test.client.list(.configMaps, namespace: "default")
      let start = [(name: "resourceVersion", value: list.resourceVersion)]
      let forms = [
        "application/json", "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
      ]
      try await test.client.create(.configMaps, .configMap("a"))
      try await test.client.patch(
        .configMaps, namespace: "default", name: "a", ["metadata": ["labels": ["in": "1"]]])
      var kinds: [String] = []
      for accept in forms {
        var iterator = try await watch(test, start, accept: accept).makeAsyncIterator()
        _ = try await iterator.next()
        kinds.append(try #require(try await iterator.next()).object.kind)
      }
      #expect(kinds == ["ConfigMap", "Table", "PartialObjectMetadata"])
      // The same write is a change for one watcher and a new object for another.
      var all = try await watch(test, start).makeAsyncIterator()
      var selected = try await watch(test, start + [("labelSelector", "in=1")]).makeAsyncIterator()
      #expect(try await all.next()?.kind == .added)
      let changed = try #require(try await all.next())
      let entered = try #require(try await selected.next())
      #expect(changed.kind == .modified && entered.kind == .added)
      #expect(changed.object.resourceVersion == entered.object.resourceVersion)
      #expect(try JSONValue(parsing: entered.line)["type"] == "ADDED")
      #expect(try JSONValue(parsing: changed.line)["type"] == "MODIFIED")
    }
  }

  @Test func fewEventsAndFewBytesAreKept() {
    let recent = RecentWatchEvents()
    for revision in 1...100 { _ = recent.event(key(Int64(revision)), size: 10) { .configMap("a") } }
    #expect(recent.kept == (RecentWatchEvents.maximumEvents, RecentWatchEvents.maximumEvents * 10))
    for revision in 101...110 {
      _ = recent.event(key(Int64(revision)), size: RecentWatchEvents.maximumBytes / 2) { .configMap("a") }
    }
    #expect(recent.kept == (2, RecentWatchEvents.maximumBytes))
    // What is too long for that is still shared while it is the last.
    _ = recent.event(key(111), size: RecentWatchEvents.maximumBytes * 2) { .configMap("a") }
    #expect(recent.kept.events == 1)
    _ = recent.event(key(112), size: 10) { .configMap("a") }
    #expect(recent.kept == (1, 10))
  }

  @Test func whatCannotBeMadeIsNotKept() {
    let recent = RecentWatchEvents()
    let none = KubeError(.internalError, "unreadable")
    #expect(throws: KubeError.self) { try recent.event(key(1), size: 10) { throw none } }
    #expect(recent.kept == (0, 0))
    #expect(recent.event(key(1), size: 10) { .configMap("b") }.object.name == "b")
    #expect(recent.event(key(1), size: 10) { .configMap("c") }.object.name == "b")
    #expect(recent.event(key(1, "other"), size: 10) { .configMap("c") }.object.name == "c")
  }

  @Test func littleWaitsForAWatcherThatDoesNotRead() {
    // Times the streams that may be open, this is what all of them together can hold of small events.
    let limits = APIServerHTTPHandler.limits
    #expect(limits.outboundHighWater * limits.maxConcurrentStreams <= 64 << 20)
  }
}
