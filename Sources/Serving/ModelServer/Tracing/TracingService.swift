internal import Linux
internal import Telemetry

/// A tracer and the task that sends what it records; only where the environment asks for tracing.
final class TracingService: Sendable {
  let tracer: RequestTracer
  private let exporter: SpanExporter
  private let task: Task<Void, Never>

  /// - Returns: nil where tracing is off, or cannot be: a server serves without it too, and says so.
  init?(
    version: String, log: Logger, variable: (String) -> String? = { ProcessEnvironment.variable($0) }
  ) {
    guard let configuration = TracingConfiguration(serviceName: "apus-server", variable: variable) else {
      return nil
    }
    for warning in configuration.warnings { log.warning(warning) }
    tracer = RequestTracer(configuration)
    do {
      let exporter = try SpanExporter(tracer, version: version)
      self.exporter = exporter
      task = Task { await exporter.run() }
    } catch {
      log.warning("traces are not sent to \(configuration.endpoint): \(error)")
      return nil
    }
    log.info("traces are sent", ["endpoint": configuration.endpoint])
  }

  /// Sends what is left, for a short while.
  func finish() async {
    task.cancel()
    await task.value
    await exporter.finish()
  }
}
