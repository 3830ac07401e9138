internal import Basics
internal import Linux

/// What other threads ask of the store's thread.
enum StoreCommand: Sendable {
  case write(StoreWrite, row: Bytes?, CheckedContinuation<StoredValue, any Error>)
  case compact(before: Int64, CheckedContinuation<Void, any Error>)
  case close(CheckedContinuation<Void, Never>)
}

/// The loop of the store's thread: takes what waits, writes it in one transaction, publishes it, answers.
final class StoreWriter {
  private let database: StoreDatabase
  private let core: StoreCore
  /// Rows that may go; deleted along with the next writes, some at a time.
  private var garbage: [Int64] = []

  private typealias WaitingWrite = (
    write: StoreWrite, row: Bytes?, continuation: CheckedContinuation<StoredValue, any Error>
  )

  private static let batchLimit = 512
  private static let garbagePerCommit = 2048

  init(
    path: String, settings: SQLiteSettings, reader: StoredContentReader, core: StoreCore
  ) throws(StoreError) {
    self.core = core
    database = try StoreDatabase(path: path, settings: settings)
    core.beginLoading(compactedRevision: try database.compactedRevision())
    var garbage: [Int64] = []
    try database.readRows { row in
      garbage += core.load(
        key: row.key, content: row.value.map { reader(row.key, $0) }, createRevision: row.createRevision,
        revision: row.revision)
    }
    self.garbage = garbage
  }

  /// Until the queue is closed. Returns the caller that waits for the files to be released, where there is
  /// one.
  func run(_ queue: BlockingQueue<StoreCommand>) -> CheckedContinuation<Void, Never>? {
    while true {
      let commands = queue.takeBatch(limit: Self.batchLimit)
      if commands.isEmpty { return nil }
      var writes: [WaitingWrite] = []
      for command in commands {
        switch command {
        case .write(let write, let row, let continuation): writes.append((write, row, continuation))
        case .compact(let revision, let continuation):
          commit(&writes)
          compact(before: revision, continuation)
        case .close(let continuation):
          commit(&writes)
          core.close()
          queue.close()
          refuseRest(of: queue, behind: commands)
          return continuation
        }
      }
      commit(&writes)
    }
  }

  private func commit(_ writes: inout [WaitingWrite]) {
    if writes.isEmpty { return }
    let batch = writes
    writes = []
    let (results, changes) = core.plan(batch.map(\.write))
    do throws(StoreError) {
      if !changes.isEmpty {
        try store(zip(batch, results).compactMap { write, result in Self.row(write, result) })
        garbage += core.publish(changes)
      }
      for (write, result) in zip(batch, results) { write.continuation.resume(with: result) }
    } catch {
      // Nothing of the batch is there. That goes for refusals too: they may have seen writes of the batch.
      for write in batch { write.continuation.resume(throwing: error) }
    }
  }

  /// What a write adds to the log; nil where it was refused.
  private static func row(
    _ write: WaitingWrite, _ result: Result<StoredValue, StoreError>
  ) -> StoreDatabase.Row? {
    guard case .success(let value) = result else { return nil }
    return StoreDatabase.Row(
      key: value.key, value: write.row, createRevision: value.createRevision, revision: value.revision)
  }

  private func store(_ rows: [StoreDatabase.Row]) throws(StoreError) {
    let deleting = garbage.prefix(Self.garbagePerCommit)
    try database.commit(rows, deleting: deleting, compactedRevision: core.compactedRevision())
    garbage.removeFirst(deleting.count)
  }

  private func compact(before revision: Int64, _ continuation: CheckedContinuation<Void, any Error>) {
    garbage += core.compact(before: revision)
    do throws(StoreError) {
      while !garbage.isEmpty {
        let deleting = garbage.prefix(Self.garbagePerCommit)
        try database.commit([], deleting: deleting, compactedRevision: core.compactedRevision())
        garbage.removeFirst(deleting.count)
      }
      continuation.resume()
    } catch {
      continuation.resume(throwing: error)
    }
  }

  /// Answers everything that came in behind the command to close.
  private func refuseRest(of queue: BlockingQueue<StoreCommand>, behind commands: [StoreCommand]) {
    var rest = commands.drop { command in
      if case .close = command { false } else { true }
    }.dropFirst()[...].map { $0 }
    while !rest.isEmpty {
      for command in rest {
        switch command {
        case .write(_, _, let continuation): continuation.resume(throwing: StoreCore.closed)
        case .compact(_, let continuation): continuation.resume(throwing: StoreCore.closed)
        case .close(let continuation): continuation.resume()
        }
      }
      rest = queue.takeBatch(limit: Self.batchLimit)
    }
  }
}
