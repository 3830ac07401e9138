internal import Basics
internal import CSQLite
internal import CSQLiteRecorder
internal import KubeStore
internal import Linux
internal import TestSupport
internal import Testing

/// What a disk holds after a power cut, and what happens while it fails. One recorder serves the process, so these
/// tests run one after another.
@Suite(.serialized) struct PowerCutTests {
  /// A write that was acknowledged, and how much had been recorded by then.
  private struct Acknowledged: Sendable {
    var value: StoredValue
    var isDeletion: Bool
    var mark: Int
  }

  /// A run of writes on a recorded store: alone at first, then many at a time.
  private struct Recording {
    var operations: [RecordedOperation] = []
    var acknowledged: [Acknowledged] = []
    /// How many of the first acknowledgements were of writes that ran alone.
    var aloneCount = 0
    /// The keys and values after each revision; the first is that of the empty store.
    var states: [[String: Bytes]] = [[:]]
  }

  private static let settings = SQLiteSettings(fileSystem: "apus-recorder", checkpointPages: 24)
  private static let limits = StoreLimits(historyEvents: 30)

  @Test func `a sync lies before every acknowledgement`() async throws {
    let recording = try await Self.record()
    var previous = 0
    for acknowledged in recording.acknowledged.prefix(recording.aloneCount) {
      let log = recording.operations[..<acknowledged.mark]
      let isUnsynced = Self.hasUnsynced(log, .writeAheadLog) || Self.hasUnsynced(log, .journal)
      #expect(!isUnsynced, "revision \(acknowledged.value.revision) was acknowledged before its sync")
      let own = recording.operations[previous..<acknowledged.mark]
      #expect(own.contains { $0.kind == .write && $0.file == .writeAheadLog })
      #expect(own.contains { $0.kind == .sync && $0.file == .writeAheadLog })
      previous = acknowledged.mark
    }
    #expect(recording.operations.contains { $0.kind == .write && $0.file == .database })
    #expect(recording.acknowledged.map(\.value.revision).sorted() == Array(1..<Int64(recording.states.count)))
  }

  @Test func `after a power cut at any moment every acknowledged write is there and none is half there`()
    async throws
  {
    let recording = try await Self.record()
    var generator = SeededGenerator(seed: 42)
    let folder = try ScratchFolder(inMemory: true)
    var opened = 0
    var disk = SimulatedDisk()
    for length in 0...recording.operations.count {
      if length > 0 { disk.apply(recording.operations[length - 1]) }
      let acknowledged = recording.acknowledged.filter { $0.mark <= length }.map(\.value.revision).max() ?? 0
      for loss in Loss.allCases {
        // Where everything has been synced, all kinds of loss leave the same files.
        if loss != .nothing && !disk.hasUnsyncedChanges { continue }
        let files = disk.files(after: loss, &generator)
        let path = "\(folder.path)/\(opened).db"
        opened += 1
        for (file, content) in files { try Files.open(path + file.suffix, .write).writeAll(content) }
        let store = try await SQLiteStore.open(path: path, limits: Self.limits)
        try await Self.check(store, recording, acknowledged, "\(loss) after \(length) operations")
        await store.close()
        for suffix in ["", "-wal", "-journal", ".lock"] where Files.exists(path + suffix) {
          try Files.removeFile(path + suffix)
        }
      }
    }
    #expect(opened > recording.operations.count)
  }

  @Test func `a full disk fails the write, leaves nothing behind, and the next try works`() async throws {
    try await Self.failing(SQLITE_FULL, syncs: false) { message in
      #expect(message.contains("store.db: the disk is full; free some space, then try again"))
    }
  }

  @Test func `a disk that fails to write or to sync is reported and the next try works`() async throws {
    // SQLITE_IOERR_WRITE and SQLITE_IOERR_FSYNC
    try await Self.failing(SQLITE_IOERR | 3 << 8, syncs: false) { message in
      #expect(message.contains("the disk answers with an error"))
    }
    try await Self.failing(SQLITE_IOERR | 4 << 8, syncs: true) { message in
      #expect(message.contains("check the disk, then try again"))
    }
    try await Self.failing(SQLITE_READONLY, syncs: false) { message in
      #expect(message.contains("is read-only; make it writable, or choose another data directory"))
    }
  }

  // MARK: Parts

  private static func failing(_ code: Int32, syncs: Bool, _ check: (String) -> Void) async throws {
    #expect(apus_recorder_register() == SQLITE_OK)
    apus_recorder_reset()
    defer { apus_recorder_reset() }
    let folder = try ScratchFolder()
    let path = "\(folder.path)/store.db"
    let store = try await SQLiteStore.open(path: path, settings: SQLiteSettings(fileSystem: "apus-recorder"))
    let first = try await store.create("/a", bytes("1"))
    let events = try await store.watch(prefix: "", after: 0)
    apus_recorder_fail(code, syncs ? 1 : 0)
    for _ in 0..<3 {
      let error = await storeError { _ = try await store.update("/a", bytes("2"), expecting: first.revision) }
      if case .unavailable(let message) = error { check(message) } else { Issue.record("\(error as Any)") }
    }
    #expect(try await store.list(prefix: "").values == [first])
    #expect(try await store.currentRevision() == 1)
    apus_recorder_fail(SQLITE_OK, 0)
    let second = try await store.update("/a", bytes("3"), expecting: first.revision)
    #expect(second.revision == 2)
    #expect(try await take(2, from: events).map(\.value) == [first, second])
    await store.close()
    let reopened = try await SQLiteStore.open(path: path)
    #expect(try await reopened.list(prefix: "").values == [second])
    await reopened.close()
  }

  private static func record() async throws -> Recording {
    #expect(apus_recorder_register() == SQLITE_OK)
    apus_recorder_reset()
    defer { apus_recorder_reset() }
    let folder = try ScratchFolder()
    let store = try await SQLiteStore.open(
      path: "\(folder.path)/store.db", limits: limits, settings: settings)
    var recording = Recording()
    var generator = SeededGenerator(seed: 7)
    for index in 0..<50 {
      recording.acknowledged.append(try await write(index, seed: generator.next(), to: store))
    }
    recording.aloneCount = recording.acknowledged.count
    for round in 0..<6 {
      let seeds = (0..<5).map { _ in generator.next() }
      recording.acknowledged += try await withThrowingTaskGroup(of: Acknowledged.self) { group in
        for (index, seed) in seeds.enumerated() {
          group.addTask { try await write(1000 + round * 10 + index, seed: seed, to: store) }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
    }
    try await store.compact(before: 70)
    recording.acknowledged.append(try await write(5000, seed: 1, to: store))
    await store.close()
    recording.operations = (0..<apus_recorder_count()).compactMap { RecordedOperation(index: $0) }
    recording.states = states(recording.acknowledged)
    return recording
  }

  /// One random write that succeeds.
  private static func write(_ index: Int, seed: UInt64, to store: SQLiteStore) async throws -> Acknowledged {
    var generator = SeededGenerator(seed: seed)
    while true {
      let key = "/k\(Int.random(in: 0..<10, using: &generator))"
      let size = Int.random(in: 0..<3000, using: &generator)
      let value = bytes("\(index):") + Bytes(repeating: UInt8(truncatingIfNeeded: index), count: size)
      do {
        guard let current = try await store.get(key) else {
          let created = try await store.create(key, value)
          return Acknowledged(value: created, isDeletion: false, mark: apus_recorder_count())
        }
        if Int.random(in: 0..<5, using: &generator) == 0 {
          let deleted = try await store.delete(key, expecting: current.revision)
          return Acknowledged(value: deleted, isDeletion: true, mark: apus_recorder_count())
        }
        let updated = try await store.update(key, value, expecting: current.revision)
        return Acknowledged(value: updated, isDeletion: false, mark: apus_recorder_count())
      } catch StoreError.keyExists, StoreError.keyNotFound, StoreError.revisionMismatch {
        continue
      }
    }
  }

  private static func states(_ acknowledged: [Acknowledged]) -> [[String: Bytes]] {
    var states: [[String: Bytes]] = [[:]]
    for write in acknowledged.sorted(by: { $0.value.revision < $1.value.revision }) {
      var state = states[states.count - 1]
      state[write.value.key] = write.isDeletion ? nil : write.value.value
      states.append(state)
    }
    return states
  }

  /// Whether the file has writes behind its last sync.
  private static func hasUnsynced(
    _ log: ArraySlice<RecordedOperation>, _ file: RecordedOperation.File
  ) -> Bool {
    let last = log.last { $0.file == file && ($0.kind == .write || $0.kind == .sync || $0.kind == .delete) }
    return last?.kind == .write
  }

  private static func check(
    _ store: SQLiteStore, _ recording: Recording, _ acknowledged: Int64, _ moment: String
  ) async throws {
    let (values, revision) = try await store.list(prefix: "")
    #expect(
      revision >= acknowledged, "\(moment): revision \(acknowledged) was acknowledged, \(revision) is there")
    guard let index = Int(exactly: revision), recording.states.indices.contains(index) else {
      Issue.record("\(moment): revision \(revision) never was")
      return
    }
    let found = Dictionary(uniqueKeysWithValues: values.map { ($0.key, $0.value) })
    #expect(found == recording.states[index], "\(moment): the values are not those of revision \(revision)")
    let next = try await store.create("/after", [])
    #expect(next.revision == revision + 1)
  }
}
