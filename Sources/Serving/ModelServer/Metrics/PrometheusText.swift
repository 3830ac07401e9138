/// The Prometheus text exposition format, version 0.0.4.
struct PrometheusText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var text = ""

  mutating func family(_ name: String, _ help: String, _ type: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
    text += name
    if !labels.isEmpty {
      text += "{" + labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",") + "}"
    }
    text += " \(value)\n"
  }

  mutating func gauge(_ name: String, _ help: String, _ value: String) {
    family(name, help, "gauge")
    sample(name, [], value)
  }

  /// - Parameter buckets: counts per bucket, not yet cumulative; the last one is unbounded.
  mutating func histogram(
    _ name: String, _ labels: [(String, String)], _ buckets: [UInt64], _ nanoseconds: UInt64
  ) {
    var total: UInt64 = 0
    for (index, count) in buckets.enumerated() {
      total &+= count
      let bound = index < Histogram.bounds.count ? "\(Histogram.bounds[index])" : "+Inf"
      sample("\(name)_bucket", labels + [("le", bound)], String(total))
    }
    sample("\(name)_count", labels, String(total))
    sample("\(name)_sum", labels, "\(Double(nanoseconds) / 1e9)")
  }

  private static func escaped(_ value: String) -> String {
    value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
