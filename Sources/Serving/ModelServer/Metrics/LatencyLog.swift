internal import Telemetry

/// Upstream's line of times per prediction (`--enable_latency_logging`), at level info.
public struct LatencyLog: Sendable {
  private let log: Logger

  /// Nil where the level leaves such lines out, so that nobody makes them in vain.
  public init?() {
    log = Logger("server")
    if log.minimumLevel > .info { return nil }
  }

  func write(requestID: String?, preprocess: Int64, predict: Int64, postprocess: Int64) {
    func milliseconds(_ nanoseconds: Int64) -> String { "\(Double(nanoseconds) / 1e6)" }
    // The id is the client's: one word of bounded length, so that it cannot pass for something else.
    let id = String((requestID ?? "N.A.").prefix(100)).filter { !$0.isWhitespace && $0 != "," }
    log.info(
      "requestId: \(id), preprocess_ms: \(milliseconds(preprocess)), explain_ms: 0, "
        + "predict_ms: \(milliseconds(predict)), postprocess_ms: \(milliseconds(postprocess))")
  }
}
