internal import Linux
internal import ModelRuntime
internal import Synchronization
internal import Telemetry

/// The first load of a server's models, on the calling thread or in the background.
final class ModelStart: Sendable {
  let repository: ModelRepository
  private let flags: ServerFlags
  private let log: Logger
  private let failed = Mutex<ModelLoadError?>(nil)

  /// Failures that are logged one by one.
  private static let loggedFailures = 20

  init(_ repository: ModelRepository, flags: ServerFlags, log: Logger) {
    self.repository = repository
    self.flags = flags
    self.log = log
  }

  /// Why the server has nothing to serve; nil while that is not so.
  var failure: ModelLoadError? { failed.withLock { $0 } }

  private var isRepository: Bool { repository.readiness == .startedUp }

  /// The model's name, or how many there are.
  var summary: String { isRepository ? "\(repository.count) models" : flags.modelName }

  /// Blocks until the models are there.
  /// - Returns: what ends the server: the one model that it has, or the folder of the models, is unusable. A
  ///   bad one among many is only logged.
  func load() -> ModelLoadError? {
    do throws(ModelLoadError) {
      if isRepository {
        logReport(try repository.loadAll(threads: flags.loadConcurrency))
      } else {
        try loadOnly()
      }
      return nil
    } catch {
      failed.withLock { $0 = error }
      return error
    }
  }

  /// A version that fails beside others that serve is no reason to end.
  private func loadOnly() throws(ModelLoadError) {
    do throws(ModelLoadError) {
      try repository.load(flags.modelName)
    } catch {
      guard repository.entry(flags.modelName)?.loaded != nil else { throw error }
      log.warning("a version of the model cannot be loaded: \(error.message)")
    }
  }

  func loadInBackground(_ done: @escaping @Sendable (ModelLoadError?) -> Void) {
    do {
      try NamedThread.start("load") { done(self.load()) }
    } catch {
      done(ModelLoadError(.unreadable, "no thread can be started: \(error.reason)"))
    }
  }

  private func logReport(_ report: ModelRepository.StartReport) {
    for failure in report.failures.prefix(Self.loggedFailures) {
      log.warning("model '\(failure.name)' cannot be loaded: \(failure.error.message)")
    }
    if report.failures.count > Self.loggedFailures {
      log.warning("\(report.failures.count - Self.loggedFailures) more models cannot be loaded")
    }
    log.info(
      "models loaded",
      [
        "loaded": "\(report.loaded)", "on demand": "\(report.deferred)", "failed": "\(report.failures.count)",
      ])
  }
}
