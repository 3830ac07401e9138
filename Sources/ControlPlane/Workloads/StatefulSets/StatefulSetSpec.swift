internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// What the controller reads from a StatefulSet, and what it makes of it; pure.
struct StatefulSetSpec {
  let set: KubeObject

  init(_ set: KubeObject) { self.set = set }

  static let revisionLabel = "controller-revision-hash"
  static let podNameLabel = "statefulset.kubernetes.io/pod-name"
  static let podIndexLabel = "apps.kubernetes.io/pod-index"

  private var spec: JSONValue { self.set.spec ?? [:] }

  var replicas: Int { ReplicaSetSpec.count(spec["replicas"], default: 1) }
  var start: Int { ReplicaSetSpec.count(spec.at("ordinals", "start"), default: 0) }
  var minReadySeconds: Int64 { max(0, spec["minReadySeconds"]?.int ?? 0) }
  var isParallel: Bool { spec["podManagementPolicy"] == "Parallel" }
  var isUpdatedByHand: Bool { spec.at("updateStrategy", "type") == "OnDelete" }
  var partition: Int {
    ReplicaSetSpec.count(spec.at("updateStrategy", "rollingUpdate", "partition"), default: 0)
  }
  var historyLimit: Int { ReplicaSetSpec.count(spec["revisionHistoryLimit"], default: 10) }
  var template: JSONValue { spec["template"] ?? [:] }
  var claimTemplates: [JSONValue] { spec["volumeClaimTemplates"]?.array ?? [] }
  var ordinals: Range<Int> { start..<(start &+ replicas) }

  /// `web-0`.
  func podName(_ ordinal: Int) -> String { "\(set.name)-\(ordinal)" }

  func ordinal(of pod: KubeObject) -> Int? {
    guard pod.name.hasPrefix("\(set.name)-") else { return nil }
    return Int(pod.name.dropFirst(set.name.count + 1))
  }

  // MARK: revisions

  /// Of the template as it is now.
  var revisionName: String { "\(set.name)-\(PodTemplate.hash(template))" }

  func makeRevision(number: Int64) -> KubeObject {
    var object = KubeObject(.controllerRevisions, namespace: set.namespace, name: revisionName)
    object.labels = KubeObject.stringMap(template.at("metadata", "labels"))
    object.ownerReferences = [OwnerReference(controller: set)]
    var patch = template
    patch["$patch"] = "replace"
    object["data"] = ["spec": ["template": patch]]
    object["revision"] = .int(number)
    return object
  }

  static func template(of revision: KubeObject) -> JSONValue? {
    guard var template = revision.json.at("data", "spec", "template") else { return nil }
    template["$patch"] = nil
    return template
  }

  // MARK: pods and claims

  func makePod(_ ordinal: Int, template: JSONValue, revision: String) -> KubeObject {
    let name = podName(ordinal)
    var pod = PodTemplate.makePod(template, owner: set)
    pod.name = name
    pod.labels.merge([
      Self.podNameLabel: name, Self.podIndexLabel: String(ordinal), Self.revisionLabel: revision,
    ]) { $1 }
    var podSpec = pod.spec ?? [:]
    podSpec["hostname"] = .string(name)
    if let service = spec["serviceName"]?.string, !service.isEmpty { podSpec["subdomain"] = .string(service) }
    let claims = claimTemplates.compactMap { $0.at("metadata", "name")?.string }
    if !claims.isEmpty {
      let others = (podSpec["volumes"]?.array ?? []).filter {
        !claims.contains($0["name"]?.string ?? "")
      }
      let mounted = claims.map { claim -> JSONValue in
        [
          "name": .string(claim), "persistentVolumeClaim": ["claimName": .string("\(claim)-\(name)")],
        ]
      }
      podSpec["volumes"] = .array(others + mounted)
    }
    pod.spec = podSpec
    return pod
  }

  /// The claims of one pod. They belong to nobody: data outlives its set.
  func makeClaims(_ ordinal: Int) -> [KubeObject] {
    claimTemplates.compactMap { template in
      guard let name = template.at("metadata", "name")?.string else { return nil }
      var claim = KubeObject(
        .persistentVolumeClaims, namespace: set.namespace, name: "\(name)-\(podName(ordinal))")
      claim.labels = KubeObject.stringMap(spec.at("selector", "matchLabels"))
        .merging(KubeObject.stringMap(template.at("metadata", "labels"))) { $1 }
      claim.annotations = KubeObject.stringMap(template.at("metadata", "annotations"))
      claim.spec = template["spec"]
      return claim
    }
  }
}
