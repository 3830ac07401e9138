internal import Basics
internal import Formats

/// `metav1.Condition` lists.
enum Conditions {
  struct Condition: Sendable {
    var type: String
    var isTrue: Bool
    var reason: String
    var message: String
  }

  /// The desired conditions as JSON, sorted as given; a condition whose status stays keeps its transition
  /// time, and conditions of other types stay as they are.
  static func merge(
    _ desired: [Condition], into existing: [JSONValue], generation: Int64, now: Timestamp
  ) -> [JSONValue] {
    let types = Set(desired.map(\.type))
    let foreign = existing.filter { !types.contains($0["type"]?.string ?? "") }
    return desired.map { condition in
      let status = condition.isTrue ? "True" : "False"
      let old = existing.first { $0["type"]?.string == condition.type }
      let changed = old?["status"]?.string != status
      let time = changed ? now.rfc3339 : (old?["lastTransitionTime"]?.string ?? now.rfc3339)
      return [
        "type": .string(condition.type), "status": .string(status), "reason": .string(condition.reason),
        "message": .string(condition.message), "observedGeneration": .int(generation),
        "lastTransitionTime": .string(time),
      ]
    } + foreign
  }
}
