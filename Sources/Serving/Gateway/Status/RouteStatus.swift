internal import Basics
internal import Formats
internal import KubeProtocol

/// `status.parents[]` of HTTPRoutes (Gateway API, RouteParentStatus).
enum RouteStatus {
  /// The status with our parents brought up to date; other controllers' entries stay as they are.
  /// - Returns: nil where the object says so already.
  static func make(
    _ report: RouteReport?, for object: KubeObject, controller: String, now: Timestamp
  ) -> JSONValue? {
    let existing = object.status?["parents"]?.array ?? []
    let foreign = existing.filter { $0["controllerName"]?.string != controller }
    let own = existing.filter { $0["controllerName"]?.string == controller }
    let desired = (report?.parents ?? []).map { parent -> JSONValue in
      let old = own.first { $0["parentRef"] == parent.reference }?["conditions"]?.array ?? []
      return [
        "parentRef": parent.reference, "controllerName": .string(controller),
        "conditions": .array(
          Conditions.merge(conditions(parent), into: old, generation: report?.generation ?? 0, now: now)),
      ]
    }
    let parents = JSONValue.array(desired + foreign)
    if parents == .array(existing) { return nil }
    var status = object.status ?? [:]
    status["parents"] = parents
    return status
  }

  private static func conditions(_ parent: RouteReport.Parent) -> [Conditions.Condition] {
    let accepted =
      parent.rejection.map {
        Conditions.Condition(type: "Accepted", isTrue: false, reason: $0.reason, message: $0.message)
      }
      ?? Conditions.Condition(
        type: "Accepted", isTrue: true, reason: "Accepted", message: "the route is in use")
    let resolved =
      parent.problem.map {
        Conditions.Condition(type: "ResolvedRefs", isTrue: false, reason: $0.reason, message: $0.message)
      }
      ?? Conditions.Condition(
        type: "ResolvedRefs", isTrue: true, reason: "ResolvedRefs", message: "all backends are known")
    return [accepted, resolved]
  }
}
