internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// Pod templates: the pods they make, and their identity as revisions.
enum PodTemplate {
  static let hashLabel = "pod-template-hash"

  /// The same for the same template, whatever the order of its members, in every process.
  static func hash(_ template: JSONValue, collisionCount: Int64 = 0) -> String {
    StableHash.name(withoutHash(template), seed: collisionCount > 0 ? "\(collisionCount)" : "", length: 10)
  }

  static func areEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
    StableHash.canonical(withoutHash(left)) == StableHash.canonical(withoutHash(right))
  }

  /// The template with this label added, as a ReplicaSet has it.
  static func withHash(_ template: JSONValue, _ hash: String) -> JSONValue {
    var labelled = template
    labelled.set(.string(hash), at: "metadata", "labels", hashLabel)
    return labelled
  }

  /// The pod of a workload that this template describes.
  /// - Parameter prefix: of the name that the server makes; nil: the caller names the pod.
  static func makePod(_ template: JSONValue, owner: KubeObject, prefix: String? = nil) -> KubeObject {
    var pod = KubeObject(json: ["apiVersion": "v1", "kind": "Pod", "metadata": [:]])
    var metadata: JSONValue = ["namespace": .string(owner.namespace)]
    if let prefix { metadata["generateName"] = .string(prefix) }
    for key in ["labels", "annotations", "finalizers"] {
      if let value = template.at("metadata", key) { metadata[key] = value }
    }
    pod.metadata = metadata
    pod.ownerReferences = [OwnerReference(controller: owner)]
    pod.spec = template["spec"] ?? [:]
    return pod
  }

  private static func withoutHash(_ template: JSONValue) -> JSONValue {
    var plain = template
    plain.set(nil, at: "metadata", "labels", hashLabel)
    // The server may write it into one of two equal templates.
    if plain.at("metadata", "creationTimestamp") != nil {
      plain.set(nil, at: "metadata", "creationTimestamp")
    }
    return plain
  }
}
