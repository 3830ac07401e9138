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
  var settings = KnativeSettings()
  /// Labels that do not reach pods; the Knative Service has them.
  var hiddenLabels: [String] = []
  /// The Knative Service that is there.
  var existing: KubeObject?

  private static let scaling = "autoscaling.knative.dev/"
  private static let visibility = "networking.knative.dev/visibility"
  /// Annotations that Knative reads on the Service itself.
  private static let serviceAnnotations: Set<String> = [
    "serving.knative.dev/rollout-duration", "serving.knative.openshift.io/enablePassthrough",
  ]
  /// What Standard mode writes out. Knative sets these itself, and refuses them or takes them for the user's.
  private static let written: [(field: String, value: JSONValue)] = [
    ("restartPolicy", "Always"), ("terminationGracePeriodSeconds", 30), ("dnsPolicy", "ClusterFirst"),
    ("schedulerName", "default-scheduler"),
  ]

  func make() -> KubeObject {
    var object = KubeObject(resource, namespace: component.service.namespace, name: component.name)
    let hidden = component.service.labels.filter { hiddenLabels.contains($0.key) }
    object.labels = hidden.merging(template.labels) { $1 }
    object.annotations = template.annotations.filter { Self.serviceAnnotations.contains($0.key) }
    object.ownerReferences = [OwnerReference(controller: component.service.object)]
    var labels = template.labels
    labels[Self.visibility] = nil
    var metadata: JSONValue = ["annotations": KubeObject.stringMapJSON(annotations) ?? [:]]
    metadata["labels"] = KubeObject.stringMapJSON(labels)
    object.spec = ["template": ["metadata": metadata, "spec": makePods()], "traffic": .array(traffic)]
    return object
  }

  // MARK: the revision's template

  private func makePods() -> JSONValue {
    var pods = template.spec
    for (field, value) in Self.written where pods[field] == value { pods[field] = nil }
    if let containers = pods["containers"]?.array {
      pods["containers"] = .array(containers.map(Self.withoutDefaultProbe))
    }
    pods["containerConcurrency"] = component.spec.containerConcurrency.map { .int($0) }
    if let timeout = component.spec.timeoutSeconds {
      pods["timeoutSeconds"] = .int(timeout)
      pods["responseStartTimeoutSeconds"] = .int(timeout)
    }
    // Knative fills this in when a Service is made, not when it is changed: to leave it out then would make
    // a revision that nobody asked for.
    let links = existing?.json.at("spec", "template", "spec", "enableServiceLinks")
    if pods["enableServiceLinks"] == nil, links?.bool == false { pods["enableServiceLinks"] = false }
    return pods
  }

  /// Knative's own probe is much quicker to see a pod become ready.
  private static func withoutDefaultProbe(_ container: JSONValue) -> JSONValue {
    guard container["readinessProbe"] == PodAssembly.defaultReadinessProbe(port: container.firstPort) else {
      return container
    }
    var container = container
    container["readinessProbe"] = nil
    return container
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
    if let initial = annotations[Self.scaling + "initial-scale"], !isAllowed(initialScale: initial) {
      annotations[Self.scaling + "initial-scale"] = nil
    }
    return annotations
  }

  /// Without the cluster's leave, Knative refuses a Service that begins with nothing; a negative number it
  /// refuses always.
  private func isAllowed(initialScale text: String) -> Bool {
    guard let count = Int64(text) else { return false }
    return count > 0 || (count == 0 && settings.allowsZeroInitialScale)
  }

  // MARK: traffic

  /// Of the component, else of the service.
  private var hasTag: Bool {
    component.spec.annotations[ServingAnnotation.enableTagRouting].map { $0 == "true" }
      ?? component.service.hasTagRouting
  }

  private var traffic: [JSONValue] {
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

  private func latest(_ percent: Int64) -> JSONValue {
    var target: JSONValue = ["latestRevision": true, "percent": .int(percent)]
    if hasTag { target["tag"] = "latest" }
    return target
  }
}
