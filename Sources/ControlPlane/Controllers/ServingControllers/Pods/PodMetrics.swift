internal import ServingAPI

/// The annotations by which Prometheus finds a pod's figures: `metricsAggregator` of the configuration, and
/// the annotations with which a service or a component chooses for itself.
///
/// No proxy stands before the server here: what upstream aggregates into one port is on the server's own.
struct PodMetrics {
  private static let choice = "serving.kserve.io/enable-prometheus-scraping"
  private static let serverPort = "prometheus.kserve.io/port"
  private static let serverPath = "prometheus.kserve.io/path"
  private static let port = "prometheus.io/port"
  private static let path = "prometheus.io/path"

  private let isScraped: Bool

  init(_ configuration: InferenceServiceConfig.MetricsAggregator) {
    isScraped = configuration.isScrapingEnabled
  }

  /// - Parameter port: of the server, where its runtime names none.
  func apply(to annotations: inout [String: String], port: Int64) {
    let isWanted = annotations[Self.choice].map { $0 == "true" } ?? isScraped
    guard isWanted else { return }
    annotations[Self.port] = annotations[Self.serverPort] ?? String(port)
    annotations[Self.path] = annotations[Self.serverPath] ?? "/metrics"
  }
}
