internal import Formats
internal import KubeProtocol
internal import ServingAPI
internal import ServingControllers

/// What would happen to one object.
struct PlannedObject: Sendable {
  enum Action: String, Sendable {
    case create
    case change
    case none
    case refused
  }

  var kind: String
  var name: String
  var namespace: String
  var action: Action
  var differences: [ObjectDifference] = []
  var cause: FailureCause?
  /// Of an InferenceService.
  var forecast: ServiceForecast?
  var children: [PlannedObject] = []

  var changes: Bool { action == .create || action == .change || children.contains(where: \.changes) }
  var isRefused: Bool { action == .refused || children.contains(where: \.isRefused) }

  init(
    _ object: KubeObject, action: Action, differences: [ObjectDifference] = [], cause: FailureCause? = nil
  ) {
    kind = object.kind
    name = object.name
    namespace = object.namespace
    self.action = action
    self.differences = differences
    self.cause = cause
  }

  /// As a controller would write it over what is there.
  init(child: KubeObject, existing: KubeObject?) {
    guard let existing else {
      self.init(child, action: .create)
      return
    }
    let found = ObjectDifference.list(existing.json, child.json, onlyMentioned: true)
    self.init(child, action: found.isEmpty ? .none : .change, differences: found)
  }

  var json: JSONValue {
    var json: JSONValue = [
      "kind": .string(kind), "name": .string(name), "namespace": .string(namespace),
      "action": .string(action.rawValue), "changes": .array(differences.map(\.json)),
    ]
    if let cause { for member in cause.json.object?.members ?? [] { json[member.key] = member.value } }
    guard let forecast else { return json }
    json["runtime"] = forecast.runtime.map { .string($0.name) } ?? .null
    json["runtimes"] = .array(
      forecast.runtimes.map {
        ["name": .string($0.name), "chosen": .bool($0.isChosen), "reason": .string($0.reason)]
      })
    json["traffic"] = .array(
      forecast.traffic.map {
        [
          "component": .string($0.component), "revision": .string($0.revision), "percent": .int($0.percent),
          "new": .bool($0.isNew),
        ]
      })
    json["needs"] = .array(
      forecast.needs.map {
        [
          "deployment": .string($0.deployment), "replicas": .int($0.replicas), "cpu": .string($0.cpu),
          "memory": .string($0.memory), "memoryLimit": .string($0.memoryLimit),
        ]
      })
    json["downloads"] = .array(forecast.downloads.map { .string($0) })
    json["notes"] = .array(forecast.notes.map { .string($0) })
    json["children"] = .array(children.map(\.json))
    return json
  }
}
