/// The Prometheus text exposition format 0.0.4, or OpenMetrics 1.0, whichever the scraper asks for.
struct PrometheusText {
  enum Format: Sendable, Hashable {
    case text
    case openMetrics

    var contentType: String {
      switch self {
      case .text: "text/plain; version=0.0.4; charset=utf-8"
      case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
      }
    }

    /// What an Accept header prefers; the text format where it says nothing of either.
    init(accept: String?) {
      self = .text
      var best = 0.0
      for range in (accept ?? "").split(separator: ",") {
        let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
        guard let type = parts.first else { continue }
        let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
        let isOpenMetrics = type == "application/openmetrics-text"
        guard isOpenMetrics || type == "text/plain", weight > best else { continue }
        best = weight
        self = isOpenMetrics ? .openMetrics : .text
      }
    }
  }

  static let contentType = Format.text.contentType

  let format: Format
  private(set) var text = ""

  init(_ format: Format = .text) { self.format = format }

  /// - Parameter name: of a counter with `_total`, which OpenMetrics leaves out here.
  mutating func family(_ name: String, _ help: String, _ type: String) {
    var name = name[...]
    if format == .openMetrics, type == "counter", name.hasSuffix("_total") { name = name.dropLast(6) }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
    sample(name, rendered: Self.rendered(labels), value)
  }

  /// - Parameter rendered: labels as `rendered(_:)` gives them.
  mutating func sample(_ name: String, rendered: String, _ value: String) {
    text += name
    if !rendered.isEmpty {
      text += "{"
      text += rendered
      text += "}"
    }
    text += " "
    text += value
    text += "\n"
  }

  mutating func gauge(_ name: String, _ help: String, _ value: String) {
    family(name, help, "gauge")
    sample(name, rendered: "", value)
  }

  mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
    family(name, help, "counter")
    sample(name, rendered: "", String(value))
  }

  /// - Parameters:
  ///   - buckets: counts per bucket, not yet cumulative; the last one is unbounded.
  ///   - bounds: the buckets' upper bounds, one fewer.
  mutating func histogram(
    _ name: String, rendered labels: String, _ buckets: [UInt64], bounds: [String], sum: String
  ) {
    var total: UInt64 = 0
    let separator = labels.isEmpty ? "" : ","
    for (index, count) in buckets.enumerated() {
      total &+= count
      let bound = index < bounds.count ? bounds[index] : "+Inf"
      sample("\(name)_bucket", rendered: "\(labels)\(separator)le=\"\(bound)\"", String(total))
    }
    sample("\(name)_count", rendered: labels, String(total))
    sample("\(name)_sum", rendered: labels, sum)
  }

  /// The whole text.
  func finished() -> String { format == .openMetrics ? text + "# EOF\n" : text }

  static func rendered(_ labels: [(String, String)]) -> String {
    labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",")
  }

  private static func escaped(_ value: String) -> String {
    guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
    return value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
