public import ServingAPI

/// How many pods an observed load asks for: the algorithm of Knative's pod autoscaler.
///
/// The stable average rules. Where the panic average asks for a multiple of what is ready, the decider
/// panics:
/// for the length of the stable window it only scales up. Growth and shrinkage per decision are limited by
/// rates, and a lower number counts only once it was wanted for the scale-down delay.
public struct ScaleDecider: Sendable {
  /// What was seen, in the metric's unit over all pods.
  public struct Observation: Sendable, Hashable {
    public var readyPods: Int
    public var stable: Double
    public var panic: Double

    public init(readyPods: Int, stable: Double, panic: Double) {
      self.readyPods = readyPods
      self.stable = stable
      self.panic = panic
    }
  }

  /// When the load last was over the threshold; nil where it is no more a panic.
  private(set) var panicTime: Duration?
  private(set) var mostPanicPods: Int
  private var delayed = DelayWindow()

  /// A decider without a past panics where several pods are up: they were needed a moment ago, which it
  /// cannot know.
  public init(readyPods: Int, now: Duration) {
    mostPanicPods = readyPods
    panicTime = readyPods > 1 ? now : nil
  }

  public var isPanicking: Bool { panicTime != nil }
  /// Whether an earlier, higher number still counts.
  public var isDelaying: Bool { !delayed.isEmpty }

  /// - Parameter isReachable: whether requests can be routed here; what cannot be reached shrinks at once.
  /// - Returns: the wanted number, not yet held within minimum and maximum.
  public mutating func decide(
    _ observation: Observation, _ scaling: RequestScaling, isReachable: Bool = true, now: Duration
  ) -> Int {
    let ready = Double(max(1, observation.readyPods))
    // Rounded so that a rate barely above 1 still lets one pod come, or go.
    let most = (scaling.maxScaleUpRate * ready).rounded(.up)
    let least = isReachable ? (ready / scaling.maxScaleDownRate).rounded(.down) : 0
    let forStable = (observation.stable / scaling.target).rounded(.up)
    let forPanic = (observation.panic / scaling.target).rounded(.up)
    var stablePods = Self.count(min(max(forStable, least), most))
    var panicPods = Self.count(min(max(forPanic, least), most))
    if forStable > 0 { stablePods = max(stablePods, scaling.activation) }
    if forPanic > 0 { panicPods = max(panicPods, scaling.activation) }

    updatePanic(isOver: forPanic / ready >= scaling.panicThreshold, scaling, now)
    var desired = stablePods
    if isPanicking {
      // The stable average may be the larger one; neither is undercut.
      mostPanicPods = max(mostPanicPods, stablePods, panicPods)
      desired = mostPanicPods
    }
    guard isReachable, scaling.scaleDownDelay > .zero else {
      delayed.removeAll()
      return desired
    }
    return delayed.largest(with: desired, over: scaling.scaleDownDelay, now: now)
  }

  private mutating func updatePanic(isOver: Bool, _ scaling: RequestScaling, _ now: Duration) {
    if isOver {
      // Also extends a panic that is on.
      panicTime = now
    } else if let panicTime, panicTime + scaling.stableWindow < now {
      // The surge has reached the stable average by now.
      self.panicTime = nil
      mostPanicPods = 0
    }
  }

  private static func count(_ value: Double) -> Int {
    value.isFinite ? Int(min(max(0, value), Double(Int32.max))) : Int(Int32.max)
  }
}

/// The largest of the numbers of a span of time, one per second at most.
struct DelayWindow: Sendable {
  /// With falling numbers: an earlier one that is smaller can never be the largest again.
  private var entries: [(time: Duration, value: Int)] = []

  var isEmpty: Bool { entries.count <= 1 }

  mutating func removeAll() { entries.removeAll() }

  mutating func largest(with value: Int, over span: Duration, now: Duration) -> Int {
    entries.removeAll { now - $0.time >= span || $0.value <= value }
    if let last = entries.last, last.time.components.seconds == now.components.seconds {
      // A second keeps its larger number.
    } else {
      entries.append((now, value))
    }
    return entries.first?.value ?? value
  }
}
