public import Basics
public import HTTPTransport
public import HTTPWire
public import Linux
internal import Synchronization

/// Binds the routes to HTTP: cheap calls are answered on the loop that read them, the rest by a bounded queue
/// and a few worker threads.
public final class ModelServer: BufferedHTTPHandler {
  /// When a prediction leaves the loop, and how many may wait.
  public struct Queueing: Sendable {
    /// A call that may take longer than this is computed by a worker.
    public var loopNanoseconds: Double = 200_000
    public var threads: Int
    /// Calls that may wait for a worker; further ones get 503 at once.
    public var capacity = 1024
    /// A call that waited longer than this gets 503 instead of being computed.
    public var waitLimit: Duration = .seconds(60)

    public init(threads: Int = ProcessStatistics.processorCount) { self.threads = threads }
  }

  private let routes: InferenceRoutes
  private let repository: ModelRepository
  private let metrics: ServerMetrics
  private let queueing: Queueing
  private let workers: WorkerPool
  private let views: [RepositoryView]
  private let clock: any WallClock
  private let draining = Atomic<Bool>(false)

  /// - Parameter loops: how many event loops call `handle`.
  public init(
    repository: ModelRepository, routes: InferenceRoutes, metrics: ServerMetrics, loops: Int,
    queueing: Queueing = Queueing(), clock: any WallClock = SystemClock()
  ) {
    self.repository = repository
    self.routes = routes
    self.metrics = metrics
    self.queueing = queueing
    self.clock = clock
    workers = WorkerPool(name: "predict", threads: queueing.threads, capacity: queueing.capacity)
    views = (0..<max(1, loops)).map { _ in RepositoryView(repository) }
  }

  /// From now on the server says that it is not ready; requests are still answered.
  public func beginDraining() { draining.store(true, ordering: .relaxed) }

  public func handle(_ head: HTTPRequestHead, body: UnsafeRawBufferPointer, exchange: HTTPExchange) {
    let shard = exchange.loop.index
    metrics.shard(shard).started.add(1)
    let snapshot = shard < views.count ? views[shard].snapshot : repository.snapshot()
    let outcome = routes.plan(
      head, body: body, models: snapshot, shard: shard, isServing: !draining.load(ordering: .relaxed),
      queueLength: workers.waiting)
    switch outcome {
    case .answer(let answer): send(answer, exchange, shard)
    case .predict(let call) where call.estimatedNanoseconds <= queueing.loopNanoseconds:
      send(call.run(shard: shard), exchange, shard)
    case .predict(let call): enqueue(exchange, shard) { call.run(shard: $0) }
    case .administer(let work): enqueue(exchange, shard) { _ in work() }
    }
  }

  private func enqueue(
    _ exchange: HTTPExchange, _ loopShard: Int, _ work: @escaping @Sendable (Int) -> ServerAnswer
  ) {
    let deadline = clock.monotonicNow() + queueing.waitLimit
    let shard = metrics.workerShard
    let job: @Sendable () -> Void = { [self] in
      if exchange.isCancelled {
        metrics.shard(shard).finished.add(1)
      } else if clock.monotonicNow() > deadline {
        send(
          .overloaded("the request waited longer than \(queueing.waitLimit) for a free worker"), exchange,
          shard)
      } else {
        send(work(shard), exchange, shard)
      }
    }
    do {
      if try workers.submit(job) { return }
      send(
        .overloaded("the server is busy: \(queueing.capacity) requests are waiting already"), exchange,
        loopShard)
    } catch {
      send(.overloaded("no worker thread could be started: \(error.reason)"), exchange, loopShard)
    }
  }

  private func send(_ answer: ServerAnswer, _ exchange: HTTPExchange, _ shard: Int) {
    exchange.respond(answer.head, body: answer.body)
    metrics.shard(shard).countAnswer(answer.status)
    metrics.shard(shard).finished.add(1)
  }
}
