internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The Knative Service of a component, as upstream writes it where a cluster has Knative; pure.
struct KnativeChildren {
  let component: Component
  let resource: KubeResource
  let template: PodTemplate
  /// What the service's status says of its revisions.
  let rollout: RolloutState

  private static let scaling = "autoscaling.knative.dev/"
  /// Annotations that Knative reads on the Service itself.
  private static let serviceAnnotations: Set<String> = [
    "serving.knative.dev/rollout-duration", "serving.knative.openshift.io/enablePassthrough",
  ]

  func make() -> KubeObject {
    var object = KubeObject(resource, namespace: component.service.namespace, name: component.name)
    object.labels = template.labels
    object.annotations = template.annotations.filter { Self.serviceAnnotations.contains($0.key) }
    object.ownerReferences = [OwnerReference(controller: component.service.object)]
    var labels = template.labels
    labels["networking.knative.dev/visibility"] = nil
    var metadata: JSONValue = ["annotations": KubeObject.stringMapJSON(annotations) ?? [:]]
    metadata["labels"] = KubeObject.stringMapJSON(labels)
    var pods = template.spec
    // Knative sets these itself and refuses them.
    for field in ["restartPolicy", "terminationGracePeriodSeconds", "dnsPolicy", "schedulerName"] {
      pods[field] = nil
    }
    pods["containerConcurrency"] = component.spec.containerConcurrency.map { .int($0) }
    if let timeout = component.spec.timeoutSeconds {
      pods["timeoutSeconds"] = .int(timeout)
      pods["responseStartTimeoutSeconds"] = .int(timeout)
    }
    object.spec = ["template": ["metadata": metadata, "spec": pods], "traffic": .array(traffic)]
    return object
  }

  private var annotations: [String: String] {
    var annotations = template.annotations.filter { !Self.serviceAnnotations.contains($0.key) }
    let spec = component.spec
    func set(_ name: String, _ value: String?, overwrite: Bool = true) {
      guard let value, overwrite || annotations[Self.scaling + name] == nil else { return }
      annotations[Self.scaling + name] = value
    }
    set("class", "kpa.autoscaling.knative.dev", overwrite: false)
    set("target", spec.scaleTarget.map(String.init))
    set("metric", spec.scaleMetric?.rawValue)
    set("min-scale", String(max(0, spec.minReplicas ?? 1)))
    if let most = spec.maxReplicas, most > 0 { set("max-scale", String(most)) }
    if let initial = annotations[Self.scaling + "initial-scale"], (Int64(initial) ?? 0) <= 0 {
      // Without the cluster's leave, Knative refuses a Service that begins with nothing.
      annotations[Self.scaling + "initial-scale"] = nil
    }
    return annotations
  }

  private var traffic: [JSONValue] {
    let tag = component.service.hasTagRouting
    func latest(_ percent: Int64) -> JSONValue {
      var target: JSONValue = ["latestRevision": true, "percent": .int(percent)]
      if tag { target["tag"] = "latest" }
      return target
    }
    guard let percent = component.spec.canaryTrafficPercent, let rolledOut = rollout.latestRolledOut else {
      return [latest(100)]
    }
    let share = min(100, max(0, percent))
    guard share < 100 else { return [latest(100)] }
    return [
      latest(share),
      [
        "revisionName": .string(rolledOut), "latestRevision": false, "percent": .int(100 - share),
        "tag": "prev",
      ],
    ]
  }
}
