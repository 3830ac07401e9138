public import Basics
public import InferenceProtocol
public import Linux
internal import ModelRuntime
internal import Synchronization

/// What every protocol of one server shares: its models, the scheduler, what is counted, and how it answers.
public final class ServingContext: Sendable {
  /// What may differ between servers.
  public struct Options: Sendable {
    /// Shown in the server's metadata.
    public var version: String
    public var limits = InferenceLimits()
    /// Told each prediction's times; nil for silence.
    public var latencyLog: LatencyLog?
    public var cloudEvents: CloudEventReply
    /// How V2 requests are understood and answered.
    public var dialect: any V2Dialect = KServeDialect()
    /// Makes spans of requests; nil where nobody wants traces.
    public var tracer: RequestTracer?
    /// Copies requests and answers to a sink; nil where nobody wants copies.
    public var payloads: PayloadLog?
    /// A call that may take longer than this is never computed on a loop.
    public var loopNanoseconds: Double = 200_000

    public init(version: String, cloudEvents: CloudEventReply = .current) {
      self.version = version
      self.cloudEvents = cloudEvents
    }
  }

  let repository: ModelRepository
  let scheduler: InferenceScheduler
  let metrics: ServerMetrics
  let options: Options
  let random: any RandomSource
  let clock: any WallClock
  private let views: [RepositoryView]
  private let draining = Atomic<Bool>(false)

  /// Bodies beyond this are decoded off the loop: at that size decoding alone takes some 200 µs.
  static let loopBodyBytes = 64 * ByteCount.kibibyte

  /// - Parameter loops: how many event loops there are.
  public init(
    repository: ModelRepository, scheduler: InferenceScheduler, metrics: ServerMetrics, loops: Int,
    options: Options, random: any RandomSource = FastRandom(), clock: any WallClock = SystemClock()
  ) {
    self.repository = repository
    self.scheduler = scheduler
    self.metrics = metrics
    self.options = options
    self.random = random
    self.clock = clock
    views = (0..<max(1, loops)).map { _ in RepositoryView(repository) }
  }

  /// From now on the server says that it is not ready; requests are still answered.
  public func beginDraining() { draining.store(true, ordering: .relaxed) }

  /// How many event loops there are.
  var loops: Int { views.count }

  var isDraining: Bool { draining.load(ordering: .relaxed) }
  var isReady: Bool { !isDraining && repository.isReady }

  /// What answers for a model: without a lock where `loop` is the calling loop's index and nothing changed.
  func entry(_ name: String, version: String? = nil, loop: Int) -> ModelEntry? {
    guard views.indices.contains(loop) else { return repository.entry(name, version: version) }
    return views[loop].entry(name, version: version)
  }

  /// What answers for a model, or why nothing does. Loop thread only.
  func find(_ name: String, version: String?, loop: Int) throws(RequestFailure) -> ModelEntry {
    guard let entry = entry(name, version: version, loop: loop) else {
      guard let version, let any = self.entry(name, loop: loop) else { throw .modelNotFound(name) }
      // A model in a folder of its own has no versions that could be asked for.
      throw any.version == nil ? .versioning : .versionNotFound(name, version)
    }
    if case .unloaded = entry.state, options.dialect.forgetsUnloadedModels { throw .modelNotFound(name) }
    return entry
  }

  /// A failure as this server's clients know it.
  func answer(to failure: RequestFailure) -> ServerAnswer {
    let answer: ServerAnswer? =
      switch failure {
      case .modelNotFound(let name): options.dialect.answer(describing: .missing(model: name, version: nil))
      case .versionNotFound(let name, let version):
        options.dialect.answer(describing: .missing(model: name, version: version))
      default: nil
      }
    return answer ?? failure.answer
  }

  /// As `find`, for a model that shall compute something.
  func findServable(_ name: String, version: String?, loop: Int) throws(RequestFailure) -> ModelEntry {
    let entry = try find(name, version: version, loop: loop)
    guard entry.isServable else { throw .notReady(entry.notReadyMessage) }
    return entry
  }
}
