internal import Basics
internal import CSQLiteRecorder
internal import TestSupport

/// One step of a recorded run.
struct RecordedOperation: Sendable {
  enum Kind: Sendable { case write, truncate, sync, delete }

  enum File: CaseIterable, Sendable {
    case database, writeAheadLog, journal

    var suffix: String {
      switch self {
      case .database: ""
      case .writeAheadLog: "-wal"
      case .journal: "-journal"
      }
    }
  }

  let kind: Kind
  let file: File
  let offset: Int
  let data: Bytes

  /// Nil for files that do not matter.
  init?(index: Int) {
    let operation = apus_recorder_operation(index)
    switch operation.kind {
    case APUS_RECORDED_WRITE: kind = .write
    case APUS_RECORDED_TRUNCATE: kind = .truncate
    case APUS_RECORDED_SYNC: kind = .sync
    default: kind = .delete
    }
    switch operation.file {
    case APUS_RECORDED_DATABASE: file = .database
    case APUS_RECORDED_WAL: file = .writeAheadLog
    case APUS_RECORDED_JOURNAL: file = .journal
    default: return nil
    }
    offset = Int(operation.offset)
    data = Bytes(UnsafeRawBufferPointer(start: operation.data, count: Int(operation.length)))
  }
}

/// What a power cut does to changes that were not synced.
enum Loss: CaseIterable, Sendable {
  /// All of them reached the disk.
  case nothing
  /// None did.
  case unsynced
  /// Any of them did, and of the writes perhaps only some sectors.
  case someSectors
}

/// Files as a disk holds them: what is synced, and the changes since.
struct SimulatedDisk {
  private struct Content {
    var synced: Bytes?
    var pending: [RecordedOperation] = []
  }

  private static let sectorSize = 512

  /// The database itself is made before SQLite is asked to open it.
  private var contents: [RecordedOperation.File: Content] = [.database: Content(synced: [])]

  var hasUnsyncedChanges: Bool { contents.values.contains { !$0.pending.isEmpty } }

  mutating func apply(_ operation: RecordedOperation) {
    switch operation.kind {
    case .write, .truncate: contents[operation.file, default: Content()].pending.append(operation)
    case .sync:
      var content = contents[operation.file] ?? Content()
      for change in content.pending { Self.change(&content.synced, by: change) }
      content.pending = []
      contents[operation.file] = content
    case .delete: contents[operation.file] = nil
    }
  }

  func files(after loss: Loss, _ generator: inout SeededGenerator) -> [RecordedOperation.File: Bytes] {
    var files: [RecordedOperation.File: Bytes] = [:]
    for file in RecordedOperation.File.allCases {
      guard let content = contents[file] else { continue }
      var bytes = content.synced
      for change in content.pending {
        switch loss {
        case .nothing: Self.change(&bytes, by: change)
        case .unsynced: break
        case .someSectors: Self.changeSectors(&bytes, by: change, &generator)
        }
      }
      if let bytes { files[file] = bytes }
    }
    return files
  }

  private static func change(_ content: inout Bytes?, by operation: RecordedOperation) {
    var bytes = content ?? []
    if operation.kind == .truncate {
      if bytes.count > operation.offset { bytes.removeLast(bytes.count - operation.offset) }
    } else {
      place(operation.data[...], at: operation.offset, in: &bytes)
    }
    content = bytes
  }

  private static func changeSectors(
    _ content: inout Bytes?, by operation: RecordedOperation, _ generator: inout SeededGenerator
  ) {
    if operation.kind == .truncate {
      if Bool.random(using: &generator) { change(&content, by: operation) }
      return
    }
    var bytes = content ?? []
    var start = 0
    while start < operation.data.count {
      // Up to the next border of a sector on the disk.
      let end = min(operation.data.count, start + sectorSize - (operation.offset + start) % sectorSize)
      if Bool.random(using: &generator) {
        place(operation.data[start..<end], at: operation.offset + start, in: &bytes)
      }
      start = end
    }
    content = bytes
  }

  private static func place(_ data: ArraySlice<UInt8>, at offset: Int, in bytes: inout Bytes) {
    if bytes.count < offset + data.count {
      bytes.append(contentsOf: repeatElement(0, count: offset + data.count - bytes.count))
    }
    bytes.replaceSubrange(offset..<(offset + data.count), with: data)
  }
}
