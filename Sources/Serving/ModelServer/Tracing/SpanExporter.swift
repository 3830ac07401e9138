internal import Basics
internal import HTTPTransport
internal import HTTPWire
internal import Linux
internal import Synchronization
internal import Telemetry

/// Posts recorded spans to a collector (OTLP/HTTP with JSON) in batches, from a task of its own.
final class SpanExporter: Sendable {
  /// Attempts per batch, and the pauses between them.
  private static let attempts = 4
  private static let backoff = Backoff(initial: .seconds(1), maximum: .seconds(8))
  /// How long the last batches may take when the server ends.
  private static let flushTimeout: Duration = .seconds(5)

  private let configuration: TracingConfiguration
  private let buffer: SpanBuffer
  private let version: String
  private let group: EventLoopGroup
  private let client: HTTPClient
  private let clock: any SleepingClock
  private let log: Logger
  private let isEnding = Atomic<Bool>(false)

  init(_ tracer: RequestTracer, version: String, clock: any SleepingClock = SystemClock()) throws {
    configuration = tracer.configuration
    buffer = tracer.buffer
    self.version = version
    self.clock = clock
    log = Logger("tracing", minimumLevel: Logger.serverLevel)
    group = try EventLoopGroup(loops: 1, name: "tracing")
    var tls: TLSClientContext?
    if configuration.endpoint.hasPrefix("https:") {
      let authority = try configuration.certificateFile.map {
        String(decoding: try Files.read($0, limit: 1 << 20), as: UTF8.self)
      }
      tls = try TLSClientContext(authorityPEM: authority)
    }
    client = HTTPClient(group: group, tls: tls)
  }

  /// Sends until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      await withTaskGroup(of: Void.self) { tasks in
        tasks.addTask { await self.buffer.filled.wait() }
        tasks.addTask { try? await self.clock.sleep(for: self.configuration.delay) }
        await tasks.next()
        tasks.cancelAll()
      }
      if Task.isCancelled { return }
      await sendAll()
    }
  }

  /// Sends what is left, for a short while; call it once, after `run`.
  func finish() async {
    isEnding.store(true, ordering: .relaxed)
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await self.sendAll() }
      tasks.addTask { try? await self.clock.sleep(for: Self.flushTimeout) }
      await tasks.next()
      tasks.cancelAll()
    }
    await group.shutdown()
  }

  private func sendAll() async {
    while !Task.isCancelled {
      let batch = buffer.takeBatch()
      if batch.isEmpty { return }
      await send(batch)
    }
  }

  private func send(_ spans: [Span]) async {
    let body = OTLPTraces.encode(
      spans, resource: configuration.resource, scope: (name: "apus.server", version: version))
    var headers = HTTPHeaders([("Content-Type", "application/json"), ("User-Agent", "apus/\(version)")])
    for header in configuration.headers { headers.append(header.name, header.value) }
    let request = HTTPClientRequest(
      method: "POST", url: configuration.endpoint, headers: headers, body: body,
      timeout: configuration.timeout)
    var cause = ""
    for attempt in 0..<Self.attempts {
      do {
        let response = try await client.send(request)
        if (200..<300).contains(response.head.status) { return }
        cause = "it answered \(response.head.status)"
        // Those that OTLP says to try again.
        guard [429, 502, 503, 504].contains(response.head.status) else { break }
      } catch {
        cause = "\(error)"
      }
      if isEnding.load(ordering: .relaxed) || attempt == Self.attempts - 1 { break }
      do { try await clock.sleep(for: Self.backoff.delay(attempt: attempt)) } catch { break }
    }
    // What was broken off only because the server ends is sent by `finish`.
    if Task.isCancelled, !isEnding.load(ordering: .relaxed) { return buffer.putBack(spans) }
    buffer.drop(spans.count)
    log.warning(
      "\(spans.count) spans could not be sent to \(configuration.endpoint): \(cause)",
      ["dropped": "\(buffer.dropped)"])
  }
}
