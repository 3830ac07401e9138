internal import Linux
public import ModelRuntime
internal import Synchronization

extension ModelRepository {
  /// How the first look at all models went.
  public struct StartReport: Sendable {
    public var loaded = 0
    /// Models whose first request loads them: the memory limit was reached.
    public var deferred = 0
    public var failures: [Failure] = []

    public struct Failure: Sendable {
      public var name: String
      public var error: ModelLoadError
    }
  }

  /// Loads every model of the catalogue, some at a time. Blocks until all have been tried; a model that fails
  /// fails alone.
  /// - Parameter threads: how many are loaded at a time.
  public func loadAll(threads: Int) throws(ModelLoadError) -> StartReport {
    beginStart()
    defer { endStart() }
    let names = try catalogue.names()
    let next = Atomic<Int>(0)
    let report = Mutex(StartReport())
    let loadNext: @Sendable () -> Bool = { [self] in
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < names.count else { return false }
      loadAtStart(names[index]) { change in report.withLock { change(&$0) } }
      return true
    }
    let helpers = StartHelpers()
    for index in 1..<max(2, min(threads, names.count)) where threads > 1 {
      helpers.start("load-\(index)") { while loadNext() {} }
    }
    while loadNext() {}
    helpers.wait()
    return report.withLock { $0 }
  }

  private func loadAtStart(_ name: String, _ note: ((inout StartReport) -> Void) -> Void) {
    do throws(ModelLoadError) {
      if let limit = budget.limit {
        let sources = try catalogue.sources(of: name)
        let guess = sources.reduce(0) { $0 &+ catalogue.sizeGuess($1) }
        if budget.bytes > 0, budget.bytes > limit &- guess {
          for source in sources { register(source) }
          note { $0.deferred += 1 }
          return
        }
      }
      try load(name)
      note { $0.loaded += 1 }
    } catch {
      note { $0.failures.append(StartReport.Failure(name: name, error: error)) }
    }
  }
}

/// Threads that help for a while, and their end.
private final class StartHelpers: Sendable {
  private let running = Monitor(0)

  /// Where no thread can be had the others do the work.
  func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
    running.withLock { $0 += 1 }
    do {
      try NamedThread.start(name) { [running] in
        body()
        running.withLock { $0 -= 1 }
        running.broadcast()
      }
    } catch {
      running.withLock { $0 -= 1 }
    }
  }

  func wait() {
    running.wait { $0 == 0 ? .done(()) : .wait(until: nil) }
  }
}
