/// How a component's scale follows its requests: Knative's parameters with Knative's defaults.
public struct RequestScaling: Sendable, Hashable {
  /// What is counted per pod.
  public enum Metric: String, Sendable, Hashable {
    /// Requests at the same time.
    case concurrency
    /// Requests that come per second.
    case requestsPerSecond = "rps"
  }

  /// 0 lets the component go to sleep.
  public var minimum = 1
  /// Nil for no bound.
  public var maximum: Int?
  /// Pods of a component that is new.
  public var initial = 1
  /// Least number of pods while there are any.
  public var activation = 1
  public var metric = Metric.concurrency
  /// What one pod is to have of the metric, the utilization already taken off.
  public var target: Double = 70
  /// Most requests at a time for one pod.
  public var containerConcurrency: Int?
  /// Over which time load is averaged.
  public var stableWindow: Duration = .seconds(60)
  /// The same for sudden growth.
  public var panicWindow: Duration = .seconds(6)
  /// Growth to this multiple of the ready pods' capacity is sudden.
  public var panicThreshold: Double = 2
  /// Most pods as a multiple of the ready ones, per decision.
  public var maxScaleUpRate: Double = 1000
  /// Ready pods divided by this are left at least, per decision.
  public var maxScaleDownRate: Double = 2
  /// A lower number must have been wanted for so long.
  public var scaleDownDelay: Duration = .zero
  /// How long the last pod stays after nothing wants it any more.
  public var lastPodRetention: Duration = .zero
  /// Annotations that could not be used, a sentence each; their defaults hold.
  public var problems: [String] = []

  static let defaultConcurrency: Double = 100
  static let defaultRequestsPerSecond: Double = 200
  static let defaultUtilization: Double = 0.7
  static let windowRange = Duration.seconds(6)...Duration.seconds(3600)

  public init() {}

  /// The spec's fields first, then annotations, then defaults.
  public init(_ component: ComponentSpec, annotations source: ScalingAnnotations) {
    var annotations = source
    minimum = Self.count(component.minReplicas) ?? annotations.count("min-scale", from: 0) ?? 1
    let most = Self.count(component.maxReplicas) ?? annotations.count("max-scale", from: 0) ?? 0
    // Unlimited is the default; a maximum below the minimum is refused on admission.
    maximum = most == 0 ? nil : max(most, minimum, 1)
    initial = annotations.count("initial-scale", from: 1) ?? 1
    activation = annotations.count("activation-scale", from: 1) ?? 1
    containerConcurrency = Self.count(component.containerConcurrency).flatMap { $0 > 0 ? $0 : nil }
    readTarget(component, &annotations)
    readWindows(&annotations)
    // The gateway is always on the way, so that there is nothing to switch: the value is only checked.
    _ = annotations.number("target-burst-capacity", from: -1, to: .greatestFiniteMagnitude)
    problems = annotations.problems
  }

  private mutating func readTarget(_ component: ComponentSpec, _ annotations: inout ScalingAnnotations) {
    switch component.scaleMetric {
    case .rps: metric = .requestsPerSecond
    case .concurrency: metric = .concurrency
    default: metric = annotations.metric ?? .concurrency
    }
    let wanted =
      Self.count(component.scaleTarget).flatMap { $0 > 0 ? Double($0) : nil }
      ?? annotations.number("target", from: 0.01, to: .greatestFiniteMagnitude)
    var total: Double
    switch metric {
    case .requestsPerSecond: total = wanted ?? Self.defaultRequestsPerSecond
    case .concurrency:
      total = wanted ?? containerConcurrency.map(Double.init) ?? Self.defaultConcurrency
      if let containerConcurrency { total = min(total, Double(containerConcurrency)) }
    }
    let percentage = annotations.number("target-utilization-percentage", from: 1, to: 100)
    target = max(1, total * (percentage.map { $0 / 100 } ?? Self.defaultUtilization))
  }

  private mutating func readWindows(_ annotations: inout ScalingAnnotations) {
    if let window = annotations.duration("window", in: Self.windowRange) { stableWindow = window }
    let share = annotations.number("panic-window-percentage", from: 1, to: 100) ?? 10
    panicWindow = max(.seconds(1), stableWindow * share / 100)
    if let threshold = annotations.number("panic-threshold-percentage", from: 110, to: 1000) {
      panicThreshold = threshold / 100
    }
    let upToHour = Duration.zero...Self.windowRange.upperBound
    scaleDownDelay = annotations.duration("scale-down-delay", in: upToHour) ?? .zero
    lastPodRetention =
      annotations.duration("scale-to-zero-pod-retention-period", in: upToHour) ?? .zero
  }

  /// Outside numbers, held within what arithmetic can bear.
  private static func count(_ value: Int64?) -> Int? {
    value.map { Int(min(max(0, $0), Int64(Int32.max))) }
  }

  /// Pods of a new Deployment.
  public var initialReplicas: Int { bounded(max(initial, minimum)) }

  /// Within minimum and maximum.
  public func bounded(_ replicas: Int) -> Int {
    min(max(replicas, minimum), maximum ?? Int(Int32.max))
  }
}

extension Duration {
  fileprivate static func * (duration: Duration, factor: Double) -> Duration {
    let (seconds, attoseconds) = duration.components
    return .seconds((Double(seconds) + Double(attoseconds) / 1e18) * factor)
  }
}
