internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// A share of a component's traffic.
struct TrafficTarget: Sendable, Hashable {
  /// The Service that requests are sent to.
  var service: String
  var revision: String
  /// Of what is sent now: a revision that is not ready gets nothing.
  var percent: Int64
  /// As the spec has it.
  var wantedPercent: Int64
  var tag: String?
  var isLatest: Bool
}

/// Which revisions of a component run where, and how traffic is split between them; pure.
///
/// The component's own pair of Deployment and Service holds what is rolled out and is updated in place. A
/// second pair, under the revision's name, exists while a template is a canary, and on its promotion until
/// the first one has taken it over.
struct RevisionPlan: Sendable {
  /// The revision of the spec.
  var current: Revision
  /// What the component's own pair is to hold; without a template it stays as it is.
  var stable: (name: String, template: PodTemplate?)
  /// The canary that is to run beside it.
  var canary: Revision?
  /// Pairs that traffic still goes to and that are left as they are.
  var kept: Set<String> = []
  var targets: [TrafficTarget]
  var state: RolloutState
  /// Whether the pods of the spec's own template take requests.
  var isCurrentReady: Bool

  init(_ component: Component, template: PodTemplate, live: LiveComponent) {
    var revision = Revision(component, template)
    let baseline: String?
    (baseline, state) = Self.baseline(component, revision, live)
    let newest = live.history.values.map(\.number).max() ?? 0
    let isNewest = live.history[revision.name].map { $0.number == newest } ?? false
    revision.number = isNewest ? newest : newest &+ 1
    current = revision
    state.latestCreated = revision.name

    stable =
      baseline.map { ($0, live.history[$0]?.template) } ?? (revision.name, revision.template)
    if baseline != nil { canary = revision }
    let percent = Self.percent(component)
    let stableService = Self.place(of: stable.name, component, live)
    if stableService != component.name { kept.insert(stableService) }
    let tag = component.service.hasTagRouting ? "latest" : nil
    if let baseline {
      isCurrentReady = live.pairs[revision.name]?.isServing ?? false
      let share = isCurrentReady ? percent : 0
      targets = [
        TrafficTarget(
          service: revision.name, revision: revision.name, percent: share, wantedPercent: percent, tag: tag,
          isLatest: true),
        TrafficTarget(
          service: stableService, revision: baseline, percent: 100 - share, wantedPercent: 100 - percent,
          tag: "prev", isLatest: false),
      ]
    } else {
      isCurrentReady =
        stableService == revision.name || Self.holds(revision.name, live.pairs[component.name])
      targets = [
        TrafficTarget(
          service: stableService, revision: revision.name, percent: 100, wantedPercent: 100, tag: tag,
          isLatest: true)
      ]
    }
    if isCurrentReady { state.latestReady = revision.name }
    if baseline == nil, isCurrentReady, state.latestRolledOut != revision.name {
      state.previousRolledOut = state.latestRolledOut
      state.latestRolledOut = revision.name
    }
  }

  static func percent(_ component: Component) -> Int64 {
    min(100, max(0, component.spec.canaryTrafficPercent ?? 100))
  }

  /// What gets the rest of the traffic beside a canary; nil where the spec's own template gets everything.
  private static func baseline(
    _ component: Component, _ current: Revision, _ live: LiveComponent
  ) -> (String?, RolloutState) {
    var state = live.rollout
    let isSplit = percent(component) < 100
    let stable = live.pairs[component.name].flatMap { $0.role == .stable ? $0 : nil }
    func isKnown(_ name: String) -> Bool { live.history[name] != nil || stable?.revision == name }
    guard let rolledOut = state.latestRolledOut else { return (nil, state) }
    if rolledOut != current.name {
      return isSplit && isKnown(rolledOut) ? (rolledOut, state) : (nil, state)
    }
    if let created = state.latestCreated, created != current.name {
      // A canary was withdrawn: what is rolled out is all there is, and nothing to go back to from there.
      state.previousRolledOut = rolledOut
      return (nil, state)
    }
    // The share of what was fully rolled out is taken back: traffic returns to what was there before it.
    if isSplit, let previous = state.previousRolledOut, previous != current.name,
      live.history[previous] != nil
    {
      state.latestRolledOut = previous
      return (previous, state)
    }
    return (nil, state)
  }

  /// The Service through which a revision that is to be in the component's own pair is reached now: until
  /// that pair has wholly taken it over, whichever other pair has it.
  private static func place(of revision: String, _ component: Component, _ live: LiveComponent) -> String {
    let own = live.pairs[component.name]
    if holds(revision, own) { return component.name }
    if let pair = live.pairs[revision], pair.role == .revision, pair.isServing { return pair.name }
    // A pair under another name, from before the predictor was renamed, serves until the new one does.
    if own?.isServing != true {
      let former = live.pairs.values.filter {
        $0.role == .stable && $0.name != component.name && $0.isServing
      }
      if let first = former.map(\.name).min() { return first }
    }
    return component.name
  }

  private static func holds(_ revision: String, _ pair: LivePair?) -> Bool {
    guard let pair else { return false }
    return pair.revision == revision && pair.isRolledOut && pair.isServing
  }
}
