import Basics
import Formats
import HTTPTransport
import HTTPWire
import KubeClient
import KubeProtocol
import KubeStore
import Synchronization
import Testing

@testable import APIServer

/// A store that tells when a watch of configmaps has ended.
private final class WatchedStore: RevisionedStore {
  private let inner = MemoryStore()
  let ended: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (ended, continuation) = AsyncStream.makeStream(of: Void.self) }

  func currentRevision() async throws -> Int64 { try await inner.currentRevision() }
  func get(_ key: String) async throws -> StoredValue? { try await inner.get(key) }
  func list(prefix: String) async throws -> (values: [StoredValue], revision: Int64) {
    try await inner.list(prefix: prefix)
  }
  func list(prefix: String, at revision: Int64) async throws -> [StoredValue] {
    try await inner.list(prefix: prefix, at: revision)
  }
  func create(_ key: String, _ content: any StoredContent) async throws -> StoredValue {
    try await inner.create(key, content)
  }
  func update(
    _ key: String, _ content: any StoredContent, expecting: Int64
  ) async throws -> StoredValue {
    try await inner.update(key, content, expecting: expecting)
  }
  func delete(_ key: String, expecting: Int64?) async throws -> StoredValue {
    try await inner.delete(key, expecting: expecting)
  }
  func compact(before revision: Int64) async throws { try await inner.compact(before: revision) }
  func close() async { await inner.close() }

  func watch(prefix: String, after revision: Int64) async throws -> AsyncThrowingStream<StoreEvent, any Error>
  {
    let events = try await inner.watch(prefix: prefix, after: revision)
    guard prefix.contains("configmaps") else { return events }
    let (stream, output) = AsyncThrowingStream.makeStream(of: StoreEvent.self)
    let task = Task {
      do {
        for try await event in events { output.yield(event) }
        output.finish()
      } catch {
        output.finish(throwing: error)
      }
    }
    output.onTermination = { [continuation] _ in
      task.cancel()
      continuation.yield()
    }
    return stream
  }
}

@Suite struct WatchEndTests {
  private func serve(_ body: (APIServer, WatchedStore) async throws -> Void) async throws {
    let store = WatchedStore()
    let server = APIServer(store: store, random: TestRandom())
    try await server.start()
    try await body(server, store)
    await server.stop()
  }

  @Test func aWatchThatNobodyReadsAnyMoreReleasesTheStore() async throws {
    try await serve { server, store in
      try await server.client.create(.configMaps, .configMap("a"))
      do {
        let events = try await server.client.watch(.configMaps, resourceVersion: "0")
        for try await event in events {
          #expect(event.object.name == "a")
          break
        }
      }
      for await _ in store.ended { break }
    }
  }

  @Test func aClientThatGoesAwayEndsItsWatch() async throws {
    try await serve { server, store in
      try await server.client.create(.configMaps, .configMap("a"))
      let handler = APIServerHTTPHandler(server: server, tokens: ["t"])
      let (lines, received) = AsyncStream.makeStream(of: Bytes.self)
      let reader = Task {
        let response = await handler.respond(
          to: AsyncHTTPRequest(
            head: HTTPRequestHead(
              method: "GET", target: "/api/v1/namespaces/default/configmaps?watch=1",
              headers: ["Authorization": "Bearer t"])))
        guard case .stream(let chunks) = response.body else { return }
        for try await chunk in chunks { received.yield(chunk) }
      }
      for await line in lines {
        #expect(try JSONValue(parsing: line)["type"] == "ADDED")
        break
      }
      // What the transport does when the connection breaks.
      reader.cancel()
      for await _ in store.ended { break }
      _ = await reader.result
    }
  }
}
