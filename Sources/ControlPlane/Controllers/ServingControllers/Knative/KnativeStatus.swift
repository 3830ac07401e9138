internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// What a Knative Service says, as a service's status has it; pure.
struct KnativeStatus {
  let kind: ComponentKind
  let object: KubeObject

  /// Upstream's bookkeeping: the newest ready revision with all the traffic is rolled out; one that had it
  /// and lost a share gives the name back to the one before.
  func rollout(after stored: RolloutState) -> RolloutState {
    var state = stored
    state.latestCreated = text("latestCreatedRevisionName") ?? stored.latestCreated
    state.latestReady = text("latestReadyRevisionName") ?? stored.latestReady
    let traffic = object.status?["traffic"]?.array ?? []
    for target in traffic
    where target["latestRevision"]?.bool == true && target["revisionName"]?.string == state.latestReady {
      let percent = target["percent"]?.int ?? 0
      if state.latestRolledOut != state.latestReady {
        if percent == 100 {
          state.previousRolledOut = state.latestRolledOut
          state.latestRolledOut = state.latestReady
        }
      } else if state.latestReady == state.latestCreated, percent < 100,
        total(of: state.latestReady, traffic) == 100, let previous = state.previousRolledOut
      {
        state.latestRolledOut = previous
      }
    }
    return state
  }

  private func total(of revision: String?, _ traffic: [JSONValue]) -> Int64 {
    traffic.filter { $0["revisionName"]?.string == revision }.reduce(0) { $0 + ($1["percent"]?.int ?? 0) }
  }

  private func text(_ key: String) -> String? {
    object.status?[key]?.string.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Where the component is asked: Knative's word once it is ready, else what stood there before.
  func url(after stored: JSONValue?) -> String? {
    (ready.status == .yes ? text("url") : nil) ?? stored?["url"]?.string
  }

  /// `status.components.<component>`.
  /// - Parameter stored: as it stands there now.
  func component(after stored: JSONValue?) -> JSONValue {
    var json: JSONValue = [:]
    rollout(after: RolloutState(stored)).write(into: &json)
    json["url"] = url(after: stored).map { .string($0) }
    json["address"] = (ready.status == .yes ? object.status?["address"] : nil) ?? stored?["address"]
    json["traffic"] = object.status?["traffic"]
    return json
  }

  // MARK: conditions

  /// `Ready` under the component's name.
  var ready: Condition { copied("Ready", as: kind.readyCondition) }

  /// `Ready`, `RoutesReady` and `ConfigurationsReady` under the component's names.
  var conditions: [Condition] {
    [
      ready, copied("RoutesReady", as: kind.routeCondition, severity: "Info"),
      copied("ConfigurationsReady", as: kind.configurationCondition, severity: "Info"),
    ]
  }

  private func copied(_ type: String, as name: String, severity: String = "") -> Condition {
    let isObserved = (object.status?["observedGeneration"]?.int ?? 0) >= object.generation
    guard isObserved, var condition = Conditions.get(object.status?["conditions"], type) else {
      return Condition(
        name, .unknown, reason: "Uninitialized",
        message: "Knative has not taken Service \(object.key) yet", severity: severity)
    }
    condition.type = name
    condition.severity = severity
    condition.observedGeneration = nil
    return condition
  }
}
