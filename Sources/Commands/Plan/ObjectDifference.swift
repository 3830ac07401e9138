internal import Formats
internal import KubeProtocol

/// What is different between two forms of an object, field by field; pure.
struct ObjectDifference: Sendable, Hashable {
  /// `spec.predictor.model.storageUri`.
  var path: String
  /// Nil where it is new.
  var old: JSONValue?
  /// Nil where it goes.
  var new: JSONValue?

  /// Members that the API keeps itself.
  private static let unshown: Set<String> = [
    "status", "metadata.managedFields", "metadata.resourceVersion", "metadata.uid", "metadata.generation",
    "metadata.creationTimestamp", "metadata.selfLink", "metadata.ownerReferences", "metadata.finalizers",
    "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
    "metadata.annotations.apus.dev/desired-hash", "metadata.annotations.deployment.kubernetes.io/revision",
  ]

  /// - Parameter onlyMentioned: what `new` does not mention stays, as with objects that controllers write.
  static func list(_ old: JSONValue, _ new: JSONValue, onlyMentioned: Bool = false) -> [ObjectDifference] {
    var found: [ObjectDifference] = []
    compare(old, new, "", onlyMentioned, &found)
    return found
  }

  private static func compare(
    _ old: JSONValue, _ new: JSONValue, _ path: String, _ onlyMentioned: Bool,
    _ found: inout [ObjectDifference]
  ) {
    if old == new || unshown.contains(path) { return }
    if let left = old.object, let right = new.object {
      let keys = left.keys + right.keys.filter { left[$0] == nil }
      for key in keys {
        let inner = path.isEmpty ? key : "\(path).\(key)"
        if unshown.contains(inner) { continue }
        switch (left[key], right[key]) {
        case (let before?, let after?): compare(before, after, inner, onlyMentioned, &found)
        case (let before?, nil):
          if !onlyMentioned { found.append(ObjectDifference(path: inner, old: before, new: nil)) }
        case (nil, let after): found.append(ObjectDifference(path: inner, old: nil, new: after))
        }
      }
    } else if let left = old.array, let right = new.array {
      for index in 0..<max(left.count, right.count) {
        let inner = "\(path)[\(index)]"
        if index < left.count, index < right.count {
          compare(left[index], right[index], inner, onlyMentioned, &found)
        } else if index < right.count {
          found.append(ObjectDifference(path: inner, old: nil, new: right[index]))
        } else {
          found.append(ObjectDifference(path: inner, old: left[index], new: nil))
        }
      }
    } else {
      found.append(ObjectDifference(path: path, old: old, new: new))
    }
  }

  var json: JSONValue { ["path": .string(path), "old": old ?? .null, "new": new ?? .null] }
}
