import Basics
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import Testing

@testable import APIServer

@Suite struct SlowWatchTests {
  @Test func aWatcherThatDoesNotReadIsCutOffWithWordThatItMustListAgain() async throws {
    try await TestServer.run { test in
      let list = try await test.client.list(.configMaps, namespace: "default")
      let events = try await test.client.watch(
        .configMaps, namespace: "default", resourceVersion: list.resourceVersion)
      for index in 0..<5000 { try await test.client.create(.configMaps, .configMap("a\(index)")) }
      var seen = 0
      var last: WatchEvent?
      for try await event in events {
        seen += 1
        last = event
      }
      #expect(seen <= 1200)
      #expect(last?.kind == .error)
      #expect(last?.object["code"] == 410)
      #expect(last?.object["reason"] == "Expired")
    }
  }

  @Test func aWatcherThatReadsSeesEverythingHoweverMuchThatIs() async throws {
    try await TestServer.run { test in
      let events = try await test.client.watch(.configMaps, namespace: "default", resourceVersion: "0")
      var iterator = events.makeAsyncIterator()
      for round in 0..<20 {
        for index in 0..<200 { try await test.client.create(.configMaps, .configMap("a\(round)-\(index)")) }
        for index in 0..<200 {
          #expect(try await iterator.next()?.object.name == "a\(round)-\(index)")
        }
      }
    }
  }
}

@Suite struct WatchQueueTests {
  private func change(_ revision: Int64, bytes: Int) -> StoreEvent {
    StoreEvent(
      kind: .created,
      value: StoredValue(
        key: "/core/configmaps/default/a", value: Array(repeating: 32, count: bytes),
        createRevision: revision,
        revision: revision))
  }

  /// Fills the queue until the sender waits, and returns what it holds then.
  private func backlog(eventBytes: Int) async -> (changes: Int, bytes: Int) {
    let queue = WatchQueue()
    let (sent, count) = AsyncStream.makeStream(of: Int.self)
    let limit = min(WatchQueue.maximumChanges, max(1, WatchQueue.maximumBytes / max(1, eventBytes)))
    let sender = Task {
      for revision in 1...1000 {
        guard await queue.send(change(Int64(revision), bytes: eventBytes)) else { break }
        count.yield(revision)
      }
      count.finish()
    }
    for await number in sent where number == limit { break }
    let held = queue.backlog
    sender.cancel()
    await sender.value
    let after = queue.backlog
    #expect(held == after)
    return held
  }

  @Test func aReaderThatDoesNotReadKeepsFewChangesWaiting() async {
    #expect(await backlog(eventBytes: 100) == (16, 1600))
    #expect(await backlog(eventBytes: 20 << 10) == (3, 60 << 10))
    #expect(await backlog(eventBytes: 1 << 20) == (1, 1 << 20))
  }

  @Test func whatIsInAFinishedQueueCanStillBeRead() async {
    let queue = WatchQueue()
    #expect(await queue.send(change(1, bytes: 1)))
    queue.add(.bookmark)
    queue.finish()
    #expect(await queue.send(change(2, bytes: 1)) == false)
    var items = 0
    while await queue.next() != nil { items += 1 }
    #expect(items == 2)
    #expect(queue.backlog == (0, 0))
  }

  @Test func aReaderWhoseTaskIsCancelledGetsTheEnd() async {
    let queue = WatchQueue()
    let reader = Task { await queue.next() == nil }
    reader.cancel()
    #expect(await reader.value)
  }
}
