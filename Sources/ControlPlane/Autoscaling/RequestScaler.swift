public import ServingAPI

/// Everything that is remembered of one scaled workload: its load of late, and what follows from it. Pure:
/// times are handed in.
public struct RequestScaler: Sendable {
  /// The workload as it is.
  public struct Pods: Sendable, Hashable {
    /// `spec.replicas`.
    public var wanted: Int
    public var ready: Int

    public init(wanted: Int, ready: Int) {
      self.wanted = wanted
      self.ready = ready
    }
  }

  /// What is to be done.
  public struct Decision: Sendable, Hashable {
    public var replicas: Int
    /// Nothing changes until load is reported again.
    public var isAtRest: Bool
    /// The averages that it comes from, for whoever wants to know why.
    public var observation: ScaleDecider.Observation
    public var isPanicking: Bool
  }

  /// How well reports cover the time.
  public struct Coverage: Sendable, Hashable {
    /// Since when reports have come without a gap.
    public var begin: Duration
    /// When the last one came.
    public var end: Duration

    public init(begin: Duration, end: Duration) {
      self.begin = begin
      self.end = end
    }
  }

  public private(set) var scaling: RequestScaling
  private var decider: ScaleDecider
  private var concurrency: LoadWindow
  private var arrivals: LoadWindow
  /// When requests were last reported to wait for a pod.
  private var lastWaiting: Duration?
  /// Since when a pod has been ready without a break.
  private var readySince: Duration?
  /// Since when nothing has wanted the last pod.
  private var unwantedSince: Duration?
  /// Whether as many pods as a new workload starts with have once been ready.
  private var isInitialized: Bool

  /// A report is as good as missing when it is older.
  public static let reportLifetime: Duration = .seconds(5)
  /// Requests that wait say so every second.
  private static let waitingLifetime: Duration = .seconds(2)

  public init(_ scaling: RequestScaling, pods: Pods, now: Duration) {
    self.scaling = scaling
    decider = ScaleDecider(readyPods: pods.ready, now: now)
    concurrency = LoadWindow(length: scaling.stableWindow)
    arrivals = LoadWindow(length: scaling.stableWindow)
    isInitialized = pods.wanted == 0
    readySince = pods.ready > 0 ? now : nil
  }

  /// Takes other parameters; the load of late is kept unless the window's length changes.
  public mutating func update(_ new: RequestScaling) {
    if new.stableWindow != scaling.stableWindow {
      concurrency = LoadWindow(length: new.stableWindow)
      arrivals = LoadWindow(length: new.stableWindow)
    }
    scaling = new
  }

  /// Takes a gateway's report of this workload's load.
  /// - Parameters:
  ///   - interval: what the report covers, up to `now`.
  ///   - now: when it came.
  public mutating func record(_ load: LoadReport.ServiceLoad, interval: Duration, now: Duration) {
    let start = max(.zero, now - interval)
    concurrency.add(load.requestSeconds, from: start, to: now)
    arrivals.add(Double(load.arrivals), from: start, to: now)
    if load.waiting > 0 { lastWaiting = now }
  }

  /// - Parameter coverage: nil while no gateway has reported.
  public mutating func decide(_ pods: Pods, coverage: Coverage?, now: Duration) -> Decision {
    follow(pods, now)
    guard let coverage, now - coverage.end <= Self.reportLifetime else {
      // Without news nothing is taken away; only the bounds hold.
      let observation = ScaleDecider.Observation(readyPods: pods.ready, stable: 0, panic: 0)
      return Decision(
        replicas: scaling.bounded(pods.wanted), isAtRest: pods.wanted == scaling.bounded(0),
        observation: observation, isPanicking: decider.isPanicking)
    }
    let observation = observe(pods, until: coverage.end)
    var desired = decider.decide(observation, scaling, now: now)
    if isWaiting(now) { desired = max(desired, scaling.activation, 1) }
    if !isInitialized { desired = max(desired, scaling.initial) }
    desired = scaling.bounded(desired)
    if desired == 0 { desired = sleepOrStay(pods, coverage, now) } else { unwantedSince = nil }
    let isQuiet = concurrency.isEmpty(until: now) && arrivals.isEmpty(until: now) && !isWaiting(now)
    let floor = scaling.bounded(0)
    return Decision(
      replicas: desired,
      isAtRest: isQuiet && desired == floor && pods.wanted == floor && isInitialized
        && !decider.isPanicking && !decider.isDelaying,
      observation: observation, isPanicking: decider.isPanicking)
  }

  private func isWaiting(_ now: Duration) -> Bool {
    lastWaiting.map { now - $0 <= Self.waitingLifetime } ?? false
  }

  private mutating func follow(_ pods: Pods, _ now: Duration) {
    if pods.ready == 0 {
      readySince = nil
    } else if readySince == nil {
      readySince = now
    }
    if pods.ready >= min(scaling.initialReplicas, pods.wanted) { isInitialized = true }
  }

  private func observe(_ pods: Pods, until end: Duration) -> ScaleDecider.Observation {
    let window =
      switch scaling.metric {
      case .concurrency: concurrency
      case .requestsPerSecond: arrivals
      }
    return ScaleDecider.Observation(
      readyPods: pods.ready, stable: window.average(over: scaling.stableWindow, until: end),
      panic: window.average(over: scaling.panicWindow, until: end))
  }

  /// The last pod goes once it has been ready, and the gateways have been heard, for a whole stable window
  /// without load, and its retention is over. One that never became ready stays: its failure is to be seen.
  private mutating func sleepOrStay(_ pods: Pods, _ coverage: Coverage, _ now: Duration) -> Int {
    if pods.wanted == 0 { return 0 }
    guard let readySince, now - readySince >= scaling.stableWindow,
      now - coverage.begin >= scaling.stableWindow
    else { return 1 }
    let since = unwantedSince ?? now
    unwantedSince = since
    return now - since >= scaling.lastPodRetention ? 0 : 1
  }
}
