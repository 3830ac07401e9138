internal import Basics
internal import KubeStore
internal import TestSupport
internal import Testing

/// The contract of `RevisionedStore`, for every driver.
@Suite struct StoreConformanceTests {
  @Test(arguments: Driver.allCases)
  func `writes get the next revision and reads see them`(driver: Driver) async throws {
    try await withStore(driver) { store in
      #expect(try await store.currentRevision() == 0)
      let created = try await store.create("/pods/a", bytes("1"))
      #expect(created == StoredValue(key: "/pods/a", value: bytes("1"), createRevision: 1, revision: 1))
      let updated = try await store.update("/pods/a", bytes("2"), expecting: 1)
      #expect(updated == StoredValue(key: "/pods/a", value: bytes("2"), createRevision: 1, revision: 2))
      #expect(try await store.get("/pods/a") == updated)
      let deleted = try await store.delete("/pods/a", expecting: 2)
      #expect(deleted == StoredValue(key: "/pods/a", value: bytes("2"), createRevision: 1, revision: 3))
      #expect(try await store.get("/pods/a") == nil)
      #expect(try await store.currentRevision() == 3)
      #expect(try await store.create("/pods/a", []).createRevision == 4)
      #expect(try await store.get("/pods/a")?.value == [])
    }
  }

  @Test(arguments: Driver.allCases)
  func `conflicts are refused and leave nothing behind`(driver: Driver) async throws {
    try await withStore(driver) { store in
      let first = try await store.create("/a", bytes("1"))
      var error = await storeError { _ = try await store.create("/a", bytes("2")) }
      if case .keyExists(let existing) = error {
        #expect(existing == first)
      } else {
        Issue.record("\(error as Any)")
      }
      error = await storeError { _ = try await store.update("/a", bytes("2"), expecting: 7) }
      if case .revisionMismatch(let current) = error {
        #expect(current == first)
      } else {
        Issue.record("\(error as Any)")
      }
      error = await storeError { _ = try await store.delete("/a", expecting: 7) }
      if case .revisionMismatch = error {} else { Issue.record("\(error as Any)") }
      error = await storeError { _ = try await store.update("/b", bytes("2"), expecting: 1) }
      if case .keyNotFound(let key) = error { #expect(key == "/b") } else { Issue.record("\(error as Any)") }
      error = await storeError { _ = try await store.delete("/b", expecting: nil) }
      if case .keyNotFound = error {} else { Issue.record("\(error as Any)") }
      #expect(try await store.currentRevision() == 1)
      #expect(try await store.list(prefix: "").values == [first])
      #expect(try await store.delete("/a", expecting: nil).revision == 2)
    }
  }

  @Test(arguments: Driver.allCases)
  func `lists are sorted by key and hold the prefix only`(driver: Driver) async throws {
    try await withStore(driver) { store in
      var generator = SeededGenerator(seed: 1)
      var keys = (0..<1500).map { "/pods/ns\($0 % 7)/p\($0)" } + ["/pod", "/podz", "/services/a"]
      keys.shuffle(using: &generator)
      for key in keys { _ = try await store.create(key, bytes(key)) }
      let all = try await store.list(prefix: "/")
      #expect(all.values.map(\.key) == keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
      #expect(all.revision == Int64(keys.count))
      let pods = try await store.list(prefix: "/pods/ns3/")
      #expect(pods.values.map(\.key) == keys.filter { $0.hasPrefix("/pods/ns3/") }.sorted())
      for key in keys.filter({ $0.hasPrefix("/pods/ns3/") }) {
        _ = try await store.delete(key, expecting: nil)
      }
      #expect(try await store.list(prefix: "/pods/ns3/").values.isEmpty)
      #expect(try await store.list(prefix: "/services").values.map(\.key) == ["/services/a"])
      #expect(try await store.list(prefix: "/zzz").values.isEmpty)
    }
  }

  @Test(arguments: Driver.allCases)
  func `keys that only look the same are different keys`(driver: Driver) async throws {
    try await withStore(driver) { store in
      _ = try await store.create("/\u{e9}", bytes("1"))
      _ = try await store.create("/e\u{301}", bytes("2"))
      #expect(try await store.get("/\u{e9}")?.value == bytes("1"))
      #expect(try await store.get("/e\u{301}")?.value == bytes("2"))
    }
  }

  @Test(arguments: Driver.allCases)
  func `a watch hands over the past, then what happens, under its prefix`(driver: Driver) async throws {
    try await withStore(driver) { store in
      _ = try await store.create("/pods/a", bytes("1"))
      _ = try await store.create("/services/a", bytes("s"))
      _ = try await store.update("/pods/a", bytes("2"), expecting: 1)
      let events = try await store.watch(prefix: "/pods/", after: 1)
      _ = try await store.create("/pods/b", bytes("3"))
      _ = try await store.delete("/pods/a", expecting: 3)
      let seen = try await take(3, from: events)
      #expect(seen.map(\.kind) == [.updated, .created, .deleted])
      #expect(seen.map(\.value.revision) == [3, 4, 5])
      #expect(seen[0].previous?.value == bytes("1"))
      #expect(seen[1].previous == nil)
      #expect(seen[2].value.value == bytes("2"))
      #expect(seen[2].previous?.revision == 3)
    }
  }

  @Test(arguments: Driver.allCases)
  func `watches see every revision exactly once while many write`(driver: Driver) async throws {
    try await withStore(driver) { store in
      let writers = 6
      let perWriter = 120
      let watchers = try await withThrowingTaskGroup(of: (Int64, [StoreEvent])?.self) { group in
        for writer in 0..<writers {
          group.addTask {
            try await Self.write(perWriter, as: writer, to: store)
            return nil
          }
        }
        for watcher in 0..<8 {
          group.addTask {
            // Begin somewhere in the middle of it all.
            while try await store.currentRevision() < Int64(watcher * 60) { await Task.yield() }
            let start = try await store.currentRevision()
            let events = try await store.watch(prefix: "", after: start)
            return (start, try await take(writers * perWriter - Int(start), from: events))
          }
        }
        var found: [(Int64, [StoreEvent])] = []
        for try await result in group { if let result { found.append(result) } }
        return found
      }
      #expect(watchers.count == 8)
      for (start, events) in watchers {
        #expect(events.map(\.value.revision) == Array((start + 1)..<Int64(writers * perWriter + 1)))
      }
      // A state that is built from the events is the state of the store.
      let everything = try await take(writers * perWriter, from: try await store.watch(prefix: "", after: 0))
      var state: [String: StoredValue] = [:]
      for event in everything {
        #expect(state[event.value.key] == event.previous)
        state[event.value.key] = event.kind == .deleted ? nil : event.value
      }
      let listed = try await store.list(prefix: "")
      #expect(listed.values == state.values.sorted { $0.key < $1.key })
    }
  }

  /// Random writes; conflicts with other writers are tried again until all have succeeded.
  private static func write(_ count: Int, as writer: Int, to store: any RevisionedStore) async throws {
    var generator = SeededGenerator(seed: UInt64(writer))
    var done = 0
    while done < count {
      let key = "/k\(Int.random(in: 0..<12, using: &generator))"
      let value = bytes("\(writer)-\(done)")
      do {
        if let current = try await store.get(key) {
          if Int.random(in: 0..<4, using: &generator) == 0 {
            _ = try await store.delete(key, expecting: current.revision)
          } else {
            _ = try await store.update(key, value, expecting: current.revision)
          }
        } else {
          _ = try await store.create(key, value)
        }
        done += 1
      } catch StoreError.keyExists, StoreError.keyNotFound, StoreError.revisionMismatch {
        continue
      }
    }
  }

  @Test(arguments: Driver.allCases)
  func `a list and a watch from its revision miss nothing`(driver: Driver) async throws {
    try await withStore(driver) { store in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await Self.write(300, as: 1, to: store) }
        group.addTask {
          let (values, revision) = try await store.list(prefix: "")
          var state = Dictionary(uniqueKeysWithValues: values.map { ($0.key, $0) })
          for event in try await take(
            300 - Int(revision), from: try await store.watch(prefix: "", after: revision))
          {
            state[event.value.key] = event.kind == .deleted ? nil : event.value
          }
          #expect(try await store.list(prefix: "").values == state.values.sorted { $0.key < $1.key })
        }
        try await group.waitForAll()
      }
    }
  }

  @Test(arguments: Driver.allCases)
  func `compacted and future revisions are refused`(driver: Driver) async throws {
    try await withStore(driver) { store in
      for index in 0..<10 { _ = try await store.create("/\(index)", []) }
      try await store.compact(before: 6)
      var error = await storeError { _ = try await store.watch(prefix: "", after: 5) }
      if case .compacted(let oldest) = error { #expect(oldest == 6) } else { Issue.record("\(error as Any)") }
      let events = try await store.watch(prefix: "", after: 6)
      #expect(try await take(4, from: events).map(\.value.revision) == [7, 8, 9, 10])
      error = await storeError { _ = try await store.watch(prefix: "", after: 11) }
      if case .futureRevision(let current) = error {
        #expect(current == 10)
      } else {
        Issue.record("\(error as Any)")
      }
      try await store.compact(before: 1_000)
      #expect(try await store.currentRevision() == 10)
      #expect(try await store.list(prefix: "").values.count == 10)
      _ = try await store.watch(prefix: "", after: 10)
    }
  }

  @Test(arguments: Driver.allCases)
  func `history is bounded by number and by size`(driver: Driver) async throws {
    try await withStore(driver, limits: StoreLimits(historyEvents: 200)) { store in
      var current = try await store.create("/a", [])
      for _ in 0..<500 { current = try await store.update("/a", [], expecting: current.revision) }
      let error = await storeError { _ = try await store.watch(prefix: "", after: 300) }
      if case .compacted(let oldest) = error {
        #expect(oldest == 301)
      } else {
        Issue.record("\(error as Any)")
      }
    }
    try await withStore(driver, limits: StoreLimits(historyBytes: 1 << 20)) { store in
      let large = Bytes(repeating: 7, count: 64 << 10)
      var current = try await store.create("/a", large)
      for _ in 0..<200 { current = try await store.update("/a", large, expecting: current.revision) }
      let error = await storeError { _ = try await store.watch(prefix: "", after: 100) }
      if case .compacted(let oldest) = error {
        #expect(oldest == 101)
      } else {
        Issue.record("\(error as Any)")
      }
    }
  }

  @Test(arguments: Driver.allCases)
  func `a watcher that falls too far behind is cut off after what fits`(driver: Driver) async throws {
    try await withStore(driver, limits: StoreLimits(watcherEvents: 8)) { store in
      _ = try await store.create("/first", [])
      let slow = try await store.watch(prefix: "", after: 0)
      let other = try await store.watch(prefix: "/other", after: 0)
      for index in 0..<50 { _ = try await store.create("/\(index)", []) }
      var seen: [Int64] = []
      let error = await storeError {
        for try await event in slow { seen.append(event.value.revision) }
      }
      #expect(seen == Array(1...9))
      if case .compacted = error {} else { Issue.record("\(error as Any)") }
      _ = try await store.create("/other", [])
      #expect(try await take(1, from: other).map(\.value.key) == ["/other"])
    }
  }

  @Test(arguments: Driver.allCases)
  func `closing ends watches, answers what waits and refuses the rest`(driver: Driver) async throws {
    try await withStore(driver) { store in
      _ = try await store.create("/a", bytes("1"))
      let events = try await store.watch(prefix: "", after: 0)
      await store.close()
      await store.close()
      var seen = 0
      for try await _ in events { seen += 1 }
      #expect(seen == 1)
      let error = await storeError { _ = try await store.create("/b", []) }
      if case .unavailable = error {} else { Issue.record("\(error as Any)") }
      #expect(try await store.get("/a")?.value == bytes("1"))
    }
  }

  @Test(arguments: Driver.allCases)
  func `a cancelled watch is forgotten`(driver: Driver) async throws {
    try await withStore(driver) { store in
      let events = try await store.watch(prefix: "", after: 0)
      let reader = Task {
        var count = 0
        for try await _ in events { count += 1 }
        return count
      }
      reader.cancel()
      #expect(try await reader.value == 0)
      for index in 0..<2000 { _ = try await store.create("/\(index)", []) }
      #expect(try await store.currentRevision() == 2000)
    }
  }
}
