internal import KubeProtocol
internal import ServingAPI

/// Labels and annotations that a component's children carry.
struct ComponentMetadata {
  var labels: [String: String]
  var annotations: [String: String]

  /// Runtime < service < component < what the platform itself says.
  init(
    service: InferenceService, component: ComponentSpec, kind: String, runtime: ServingRuntime?,
    extraLabels: [String: String], configuration: InferenceServiceConfig
  ) {
    let hiddenLabels = Set(configuration.notPropagatedLabels)
    labels = runtime?.labels ?? [:]
    labels.merge(extraLabels) { $1 }
    labels.merge(service.labels) { $1 }
    labels.merge(component.labels) { $1 }
    labels = labels.filter { !hiddenLabels.contains($0.key) }
    labels[ServingLabel.inferenceService] = service.name
    labels[ServingLabel.component] = kind

    let hiddenAnnotations = Set(configuration.notPropagatedAnnotations)
    annotations = runtime?.annotations ?? [:]
    annotations.merge(service.annotations.filter { !hiddenAnnotations.contains($0.key) }) { $1 }
    annotations.merge(component.annotations.filter { !hiddenAnnotations.contains($0.key) }) { $1 }
  }
}
