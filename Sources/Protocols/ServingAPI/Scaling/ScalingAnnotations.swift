/// Knative's annotations `autoscaling.knative.dev/…`, read with its names, older spellings and bounds.
public struct ScalingAnnotations: Sendable, Hashable {
  /// `autoscaling.knative.dev/class`.
  enum ClassName: Sendable, Hashable { case kpa, hpa }

  static let prefix = "autoscaling.knative.dev/"
  /// Names of Knative's first releases, which it still takes.
  private static let olderNames: [String: String] = [
    "min-scale": "minScale", "max-scale": "maxScale", "initial-scale": "initialScale",
    "activation-scale": "activationScale", "target-utilization-percentage": "targetUtilizationPercentage",
    "target-burst-capacity": "targetBurstCapacity", "panic-window-percentage": "panicWindowPercentage",
    "panic-threshold-percentage": "panicThresholdPercentage", "scale-down-delay": "scaleDownDelay",
    "scale-to-zero-pod-retention-period": "scaleToZeroPodRetentionPeriod",
  ]

  private let values: [String: String]
  /// What could not be used, a sentence each.
  private(set) var problems: [String] = []

  /// Takes all annotations of an object; others are ignored.
  public init(_ annotations: [String: String]) {
    values = annotations.filter { $0.key.hasPrefix(Self.prefix) }
  }

  private func text(_ name: String) -> String? {
    values[Self.prefix + name] ?? Self.olderNames[name].flatMap { values[Self.prefix + $0] }
  }

  var className: ClassName? {
    switch text("class") {
    case "kpa.autoscaling.knative.dev": .kpa
    case "hpa.autoscaling.knative.dev": .hpa
    default: nil
    }
  }

  var metric: RequestScaling.Metric? { text("metric").flatMap(RequestScaling.Metric.init(rawValue:)) }

  /// Whether they name a request metric, or a target with no metric (which means concurrency).
  var asksForRequests: Bool {
    if let named = text("metric") { return RequestScaling.Metric(rawValue: named) != nil }
    return text("target") != nil || text("min-scale") == "0"
  }

  mutating func count(_ name: String, from least: Int32) -> Int? {
    guard let text = text(name) else { return nil }
    guard let value = Int32(text), value >= least else {
      return refuse(name, text, "must be a whole number from \(least) to \(Int32.max)")
    }
    return Int(value)
  }

  mutating func number(_ name: String, from least: Double, to most: Double) -> Double? {
    guard let text = text(name) else { return nil }
    guard let value = Double(text), value.isFinite, value >= least, value <= most else {
      let bound = most == .greatestFiniteMagnitude ? "" : " and at most \(most)"
      return refuse(name, text, "must be a number of at least \(least)\(bound)")
    }
    return value
  }

  mutating func duration(_ name: String, in range: ClosedRange<Duration>) -> Duration? {
    guard let text = text(name) else { return nil }
    guard let value = GoDuration.parse(text), range.contains(value) else {
      return refuse(name, text, "must be a duration from \(range.lowerBound) to \(range.upperBound), as 90s")
    }
    return value
  }

  private mutating func refuse<Value>(_ name: String, _ text: String, _ rule: String) -> Value? {
    problems.append("\(Self.prefix)\(name): '\(text.prefix(64))' is not used: it \(rule)")
    return nil
  }
}

/// Durations as Go writes them: `90s`, `1m30s`, `1.5h`, `250ms`, `0`.
public enum GoDuration {
  private static let units: [(name: String, nanoseconds: Double)] = [
    ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
  ]

  /// - Returns: nil where the text is no such duration, or one of more than 290 years.
  public static func parse(_ text: String) -> Duration? {
    if text == "0" { return .zero }
    var rest = Substring(text)
    let isNegative = rest.hasPrefix("-")
    if isNegative || rest.hasPrefix("+") { rest.removeFirst() }
    if rest.isEmpty { return nil }
    var total: Double = 0
    while !rest.isEmpty {
      let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
      guard !digits.isEmpty, digits.utf8.count <= 32, let value = Double("0" + digits) else { return nil }
      rest = rest.dropFirst(digits.count)
      let name = rest.prefix { !("0"..."9").contains($0) && $0 != "." }
      guard let unit = units.first(where: { $0.name == name }) else { return nil }
      rest = rest.dropFirst(name.count)
      total += value * unit.nanoseconds
    }
    guard total < 9.2e18 else { return nil }
    return .nanoseconds(Int64(isNegative ? -total : total))
  }
}
