internal import Basics
public import Linux
internal import Synchronization

/// SIGINT, SIGTERM and SIGQUIT as something to wait for. The first one asks for an orderly end; a further one
/// ends the process as if nobody listened.
public final class ShutdownSignal: Sendable {
  private static let signals = [ProcessSignals.interrupt, ProcessSignals.terminate, ProcessSignals.quit]

  private struct State {
    var received: Int32?
    var waiters: [Int: CheckedContinuation<Int32?, Never>] = [:]
    var nextWaiter = 0
  }

  private let state = Mutex(State())

  /// Takes the signals over, for the whole process. SIGPIPE is ignored from now on.
  public init() throws(LinuxError) {
    ProcessSignals.ignoreBrokenPipes()
    let pipe = PipeReader(try ProcessSignals.redirect(Self.signals))
    try NamedThread.start("signals") { [weak self] in
      guard let number = pipe.next() else { return }
      ProcessSignals.restoreDefault(Self.signals)
      self?.arrived(number)
    }
  }

  /// Returns the signal's number once one has come; at once where it came before. Nil where the task is
  /// cancelled.
  public func wait() async -> Int32? {
    let identifier = state.withLock { state -> Int in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let known = state.withLock { state -> Int32?? in
          if let received = state.received { return .some(received) }
          if Task.isCancelled { return .some(nil) }
          state.waiters[identifier] = continuation
          return nil
        }
        if let known { continuation.resume(returning: known) }
      }
    } onCancel: {
      let waiter = state.withLock { $0.waiters.removeValue(forKey: identifier) }
      waiter?.resume(returning: nil)
    }
  }

  /// As if the signal had come: another part asks for the end.
  public func trigger() { arrived(ProcessSignals.terminate) }

  private func arrived(_ number: Int32) {
    let waiters = state.withLock { state -> [CheckedContinuation<Int32?, Never>] in
      if state.received == nil { state.received = number }
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume(returning: number) }
  }
}

/// The reading end of the signals' pipe.
private final class PipeReader: Sendable {
  private let file: FileDescriptor

  init(_ file: consuming FileDescriptor) { self.file = file }

  /// Blocks until a signal comes.
  func next() -> Int32? {
    withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { buffer in
      guard let count = try? file.read(into: buffer), count == 1 else { return nil }
      return Int32(buffer[0])
    }
  }
}
