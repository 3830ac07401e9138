internal import Basics
internal import CSQLite
internal import KubeStore
internal import Linux
internal import Testing

/// What only the driver with a disk has to do.
@Suite struct SQLiteStoreTests {
  @Test func `a reopened store has its values, revisions and history`() async throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/deep/er/store.db"
    var store = try await SQLiteStore.open(path: path)
    let a = try await store.create("/a", bytes("1"))
    let b = try await store.create("/b", bytes("2"))
    let a2 = try await store.update("/a", bytes("3"), expecting: a.revision)
    _ = try await store.delete("/b", expecting: b.revision)
    _ = try await store.create("/empty", [])
    await store.close()

    store = try await SQLiteStore.open(path: path)
    #expect(try await store.currentRevision() == 5)
    #expect(try await store.list(prefix: "").values.map(\.key) == ["/a", "/empty"])
    #expect(try await store.get("/a") == a2)
    #expect(try await store.get("/empty")?.value == [])
    let events = try await take(5, from: try await store.watch(prefix: "", after: 0))
    #expect(events.map(\.kind) == [.created, .created, .updated, .deleted, .created])
    #expect(events[3].value.value == bytes("2"))
    #expect(events[3].previous == b)
    #expect(try await store.create("/c", []).revision == 6)
    await store.close()
    #expect(try Files.status(path).mode & 0o077 == 0)
  }

  @Test func `compaction outlives a restart and frees what it forgot`() async throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/store.db"
    let limits = StoreLimits(historyEvents: 50)
    var store = try await SQLiteStore.open(path: path, limits: limits)
    let value = Bytes(repeating: 1, count: 4096)
    var current = try await store.create("/a", value)
    for _ in 0..<3000 { current = try await store.update("/a", value, expecting: current.revision) }
    _ = try await store.create("/b", [])
    _ = try await store.delete("/b", expecting: nil)
    await store.close()
    #expect(try Files.status(path).size < 2 << 20)

    store = try await SQLiteStore.open(path: path, limits: limits)
    let error = await storeError { _ = try await store.watch(prefix: "", after: 2000) }
    if case .compacted(let oldest) = error {
      #expect(oldest == 2953)
    } else {
      Issue.record("\(error as Any)")
    }
    try await store.compact(before: 3003)
    await store.close()

    store = try await SQLiteStore.open(path: path, limits: limits)
    #expect(try await store.currentRevision() == 3003)
    #expect(try await store.list(prefix: "").values == [current])
    #expect(try await store.update("/a", [], expecting: current.revision).revision == 3004)
    await store.close()
  }

  @Test func `a second store on the same file is told who has it`() async throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/store.db"
    let store = try await SQLiteStore.open(path: path)
    let error = await storeError { _ = try await SQLiteStore.open(path: path) }
    let process = try Files.canonicalPath("/proc/self").split(separator: "/").last.map(String.init) ?? ""
    #expect(
      "\(error as Any)".contains(
        "cannot open \(path): process \(process) is using it; end that process, or choose another data directory"
      ))
    _ = try await store.create("/a", [])
    await store.close()
    let next = try await SQLiteStore.open(path: path)
    #expect(try await next.currentRevision() == 1)
    await next.close()
  }

  @Test func `a store that is let go without closing keeps its writes and frees the file`() async throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/store.db"
    func writeAndForget() async throws {
      let store = try await SQLiteStore.open(path: path)
      _ = try await store.create("/a", bytes("1"))
    }
    try await writeAndForget()
    // The store's thread lets go of the file a moment later.
    var reopened: SQLiteStore?
    while reopened == nil {
      reopened = try? await SQLiteStore.open(path: path)
      await Task.yield()
    }
    #expect(try await reopened?.get("/a")?.value == bytes("1"))
    await reopened?.close()
  }

  @Test func `a file that is no database is refused with cause and fix and left alone`() async throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/store.db"
    try Files.writeAtomically(Bytes(repeating: 0x41, count: 8192), to: path)
    let error = await storeError { _ = try await SQLiteStore.open(path: path) }
    #expect("\(error as Any)".contains("cannot open \(path): the file is damaged"))
    #expect("\(error as Any)".contains("restore it from a backup, or move it away to begin empty"))
    #expect(try Files.read(path) == Bytes(repeating: 0x41, count: 8192))
  }

  @Test func `damage inside the file is found when it is opened`() async throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/store.db"
    let store = try await SQLiteStore.open(path: path)
    for index in 0..<200 { _ = try await store.create("/\(index)", Bytes(repeating: 1, count: 1000)) }
    await store.close()
    var content = try Files.read(path)
    for page in stride(from: 2 * 4096, to: content.count, by: 4096) {
      content.replaceSubrange(page..<(page + 64), with: repeatElement(0xEE, count: 64))
    }
    try Files.writeAtomically(content, to: path)
    let error = await storeError { _ = try await SQLiteStore.open(path: path) }
    #expect("\(error as Any)".contains("the file is damaged"))
  }

  @Test func `truncated files give an error or what was in them, never a crash`() async throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/store.db"
    let store = try await SQLiteStore.open(path: path)
    for index in 0..<40 { _ = try await store.create("/\(index)", Bytes(repeating: 1, count: 700)) }
    await store.close()
    let content = try Files.read(path)
    for length in stride(from: 1, to: content.count, by: 1999) {
      let cut = "\(folder.path)/cut\(length).db"
      try Files.writeAtomically(Bytes(content.prefix(length)), to: cut)
      do {
        let opened = try await SQLiteStore.open(path: cut)
        #expect(try await opened.list(prefix: "").values.count <= 40)
        await opened.close()
      } catch {
        #expect(error is StoreError)
      }
    }
  }

  @Test func `a file of a newer version or of another program is refused`() async throws {
    let folder = try ScratchFolder()
    let newer = "\(folder.path)/newer.db"
    let store = try await SQLiteStore.open(path: newer)
    await store.close()
    Self.run("PRAGMA user_version = 99", on: newer)
    var error = await storeError { _ = try await SQLiteStore.open(path: newer) }
    #expect("\(error as Any)".contains("it was written by a newer Apus (format 99, this one knows 1)"))
    let foreign = "\(folder.path)/foreign.db"
    Self.run("CREATE TABLE t (a)", on: foreign)
    error = await storeError { _ = try await SQLiteStore.open(path: foreign) }
    #expect("\(error as Any)".contains("it is another program's database"))
  }

  @Test func `a path that cannot be made is refused with cause and fix`() async throws {
    let folder = try ScratchFolder()
    try Files.writeAtomically([], to: "\(folder.path)/file")
    let error = await storeError { _ = try await SQLiteStore.open(path: "\(folder.path)/file/store.db") }
    #expect("\(error as Any)".contains("Not a directory; make its folder writable, or choose another"))
    #expect(await storeError { _ = try await SQLiteStore.open(path: "/proc/nowhere/store.db") } != nil)
  }

  @Test func `many writers share commits and none is lost`() async throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/store.db"
    let store = try await SQLiteStore.open(path: path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<500 {
        group.addTask { _ = try await store.create("/\(writer)", bytes("\(writer)")) }
      }
      try await group.waitForAll()
    }
    await store.close()
    let reopened = try await SQLiteStore.open(path: path)
    #expect(try await reopened.list(prefix: "").values.count == 500)
    await reopened.close()
  }

  @Test func `writes that meet a close are either there or refused`() async throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/store.db"
    for round in 0..<5 {
      let store = try await SQLiteStore.open(path: path)
      let written = await withTaskGroup(of: String?.self) { group in
        for writer in 0..<200 {
          let key = "/\(round)/\(writer)"
          group.addTask { await storeError { _ = try await store.create(key, []) } == nil ? key : nil }
          if writer == 100 {
            group.addTask {
              await store.close(); return nil
            }
          }
        }
        return await group.reduce(into: Set<String>()) { if let key = $1 { $0.insert(key) } }
      }
      let reopened = try await SQLiteStore.open(path: path)
      #expect(Set(try await reopened.list(prefix: "/\(round)/").values.map(\.key)) == written)
      await reopened.close()
    }
  }

  @Test func `more waiting writes than the limit are refused at once`() async throws {
    let folder = try ScratchFolder()
    let store = try await SQLiteStore.open(
      path: "\(folder.path)/store.db", limits: StoreLimits(waitingWrites: 2))
    let outcomes = await withTaskGroup(of: StoreError?.self) { group in
      for writer in 0..<400 {
        group.addTask { await storeError { _ = try await store.create("/\(writer)", []) } }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let written = outcomes.count { $0 == nil }
    #expect(try await store.list(prefix: "").values.count == written)
    for case .some(let error) in outcomes {
      #expect("\(error)".contains("too many writes wait for the disk; try again later"))
    }
    await store.close()
  }

  private static func run(_ statement: String, on path: String) {
    var handle: OpaquePointer?
    #expect(sqlite3_open(path, &handle) == SQLITE_OK)
    #expect(sqlite3_exec(handle, statement, nil, nil, nil) == SQLITE_OK)
    sqlite3_close(handle)
  }
}
