internal import Basics
internal import Formats
internal import KubeProtocol

/// Statuses of Gateways and GatewayClasses.
enum GatewayStatus {
  /// - Parameter attached: routes per listener.
  /// - Returns: nil where the object says so already.
  static func make(
    _ gateway: GatewaySpec, attached: [String: Int64], addresses: [String], for object: KubeObject,
    now: Timestamp
  ) -> JSONValue? {
    let old = object.status
    var status = old ?? [:]
    let usable = gateway.listeners.contains { $0.problem == nil }
    status["addresses"] = .array(
      addresses.map { ["type": "IPAddress", "value": .string($0)] })
    status["conditions"] = .array(
      Conditions.merge(
        [
          Conditions.Condition(
            type: "Accepted", isTrue: usable, reason: usable ? "Accepted" : "ListenersNotValid",
            message: usable ? "the gateway is in use" : "no listener can be used; see their conditions"),
          Conditions.Condition(
            type: "Programmed", isTrue: usable, reason: usable ? "Programmed" : "Invalid",
            message: usable ? "the routes are in use" : "no listener can be used; see their conditions"),
        ], into: old?["conditions"]?.array ?? [], generation: gateway.generation, now: now))
    let oldListeners = old?["listeners"]?.array ?? []
    status["listeners"] = .array(
      gateway.listeners.map { listener in
        let before = oldListeners.first { $0["name"]?.string == listener.name }?["conditions"]?.array ?? []
        return [
          "name": .string(listener.name),
          "supportedKinds": [["group": "gateway.networking.k8s.io", "kind": "HTTPRoute"]],
          "attachedRoutes": .int(attached[listener.name] ?? 0),
          "conditions": .array(
            Conditions.merge(conditions(listener), into: before, generation: gateway.generation, now: now)),
        ]
      })
    return status == old ? nil : status
  }

  private static func conditions(_ listener: GatewaySpec.Listener) -> [Conditions.Condition] {
    let problem = listener.problem
    return [
      Conditions.Condition(
        type: "Accepted", isTrue: problem == nil, reason: problem?.reason ?? "Accepted",
        message: problem?.message ?? "the listener is in use"),
      Conditions.Condition(
        type: "Programmed", isTrue: problem == nil, reason: problem == nil ? "Programmed" : "Invalid",
        message: problem?.message ?? "the listener is in use"),
      Conditions.Condition(
        type: "ResolvedRefs", isTrue: true, reason: "ResolvedRefs", message: "there is nothing to resolve"),
    ]
  }

  /// The status of a GatewayClass that names our controller; nil where the object says so already.
  static func makeClass(for object: KubeObject, now: Timestamp) -> JSONValue? {
    var status = object.status ?? [:]
    status["conditions"] = .array(
      Conditions.merge(
        [
          Conditions.Condition(
            type: "Accepted", isTrue: true, reason: "Accepted", message: "Apus serves gateways of this class")
        ], into: object.status?["conditions"]?.array ?? [], generation: object.generation, now: now))
    return status == object.status ? nil : status
  }
}
