internal import Basics
internal import Synchronization

/// Bytes from one task to another. The writer waits while much is unread; at most one task reads and one
/// writes.
final class ByteQueue: Sendable {
  private typealias Reader = CheckedContinuation<Bytes?, Never>
  private typealias Writer = CheckedContinuation<Void, Never>

  private static let limit = 256 << 10

  private struct State {
    var bytes: Bytes = []
    var isFinished = false
    var reader: Reader?
    var writer: Writer?
  }

  private let state = Mutex(State())

  /// Waits where much is unread already.
  func push(_ bytes: Bytes) async {
    guard !bytes.isEmpty else { return }
    let (reader, isFull) = state.withLock { state -> (Reader?, Bool) in
      if state.isFinished { return (nil, false) }
      if let reader = state.reader {
        state.reader = nil
        return (reader, false)
      }
      state.bytes += bytes
      return (nil, state.bytes.count > Self.limit)
    }
    reader?.resume(returning: bytes)
    if isFull { await waitForRoom() }
  }

  /// What was pushed can still be read.
  func finish() {
    let (reader, writer) = state.withLock { state in
      state.isFinished = true
      return (Self.take(&state.reader), Self.take(&state.writer))
    }
    reader?.resume(returning: nil)
    writer?.resume()
  }

  /// Nil at the end, and for a task that is cancelled.
  func next() async -> Bytes? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: Reader) in
        let isCancelled = Task.isCancelled
        let (answer, writer) = state.withLock { state -> (Bytes??, Writer?) in
          if isCancelled { return (.some(nil), nil) }
          if !state.bytes.isEmpty {
            defer { state.bytes = [] }
            return (state.bytes, Self.take(&state.writer))
          }
          if state.isFinished || state.reader != nil { return (.some(nil), nil) }
          state.reader = continuation
          return (nil, nil)
        }
        writer?.resume()
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let reader = state.withLock { Self.take(&$0.reader) }
      reader?.resume(returning: nil)
    }
  }

  private func waitForRoom() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: Writer) in
        let isCancelled = Task.isCancelled
        let waits = state.withLock { state -> Bool in
          if isCancelled || state.isFinished || state.bytes.count <= Self.limit || state.writer != nil {
            return false
          }
          state.writer = continuation
          return true
        }
        if !waits { continuation.resume() }
      }
    } onCancel: {
      let writer = state.withLock { Self.take(&$0.writer) }
      writer?.resume()
    }
  }

  private static func take<Value>(_ value: inout Value?) -> Value? {
    defer { value = nil }
    return value
  }
}
