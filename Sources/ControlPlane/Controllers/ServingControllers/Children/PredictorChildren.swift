internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Deployment and Service of a predictor; pure.
struct PredictorChildren {
  let service: InferenceService
  let configuration: InferenceServiceConfig
  let pod: PredictorPod

  private var name: String { service.predictorName }

  private var labels: [String: String] {
    pod.labels.merging([ServingLabel.app: ServingLabel.app(forDeployment: name)]) { $1 }
  }

  func makeDeployment() -> KubeObject {
    var object = makeObject(.deployments)
    let component = service.predictor.component
    var template: JSONValue = [
      "metadata": ["labels": KubeObject.stringMapJSON(labels) ?? [:]], "spec": pod.spec,
    ]
    if let annotations = KubeObject.stringMapJSON(pod.annotations) {
      template.set(annotations, at: "metadata", "annotations")
    }
    object.spec = [
      // Nobody wakes a Deployment of none yet: at least one pod stays.
      "replicas": .int(max(1, component.minReplicas ?? 1)),
      "selector": ["matchLabels": [ServingLabel.app: .string(ServingLabel.app(forDeployment: name))]],
      "template": template, "strategy": strategy(component), "revisionHistoryLimit": 10,
      "progressDeadlineSeconds": 600,
    ]
    return object
  }

  private func strategy(_ component: ComponentSpec) -> JSONValue {
    if let given = component.deploymentStrategy { return given }
    var rollout: JSONValue = ["maxSurge": "25%", "maxUnavailable": "25%"]
    if configuration.defaultDeploymentMode == .standard, let configured = configuration.defaultRollout {
      for member in configured.object?.members ?? [] { rollout[member.key] = member.value }
    }
    return ["type": "RollingUpdate", "rollingUpdate": rollout]
  }

  func makeService() -> KubeObject {
    var object = makeObject(.services)
    object.spec = [
      "selector": [ServingLabel.app: .string(ServingLabel.app(forDeployment: name))], "ports": .array(ports),
      "type": "ClusterIP",
    ]
    if configuration.isServiceHeadless { object.json.set("None", at: "spec", "clusterIP") }
    return object
  }

  /// Port 80 leads to the first container port, further ones keep their number.
  private var ports: [JSONValue] {
    let declared = pod.servingContainer["ports"]?.array ?? []
    guard !declared.isEmpty else {
      return [makePort(name, port: 80, target: ServingPod.defaultPort)]
    }
    return declared.enumerated().map { index, port in
      let number = port["containerPort"]?.int ?? ServingPod.defaultPort
      let portName = port["name"]?.string ?? ""
      if index == 0 { return makePort(portName.isEmpty ? name : portName, port: 80, target: number) }
      return makePort(portName.isEmpty ? "\(name)-\(number)" : portName, port: number, target: number)
    }
  }

  private func makePort(_ name: String, port: Int64, target: Int64) -> JSONValue {
    var json: JSONValue = [
      "name": .string(String(name.prefix(63))), "port": .int(port), "targetPort": .int(target),
      "protocol": "TCP",
    ]
    if name.contains("grpc") || name.contains("h2c") { json["appProtocol"] = "kubernetes.io/h2c" }
    return json
  }

  private func makeObject(_ resource: KubeResource) -> KubeObject {
    var object = KubeObject(resource, namespace: service.namespace, name: name)
    object.labels = labels
    object.annotations = pod.annotations
    object.ownerReferences = [OwnerReference(controller: service.object)]
    return object
  }
}
