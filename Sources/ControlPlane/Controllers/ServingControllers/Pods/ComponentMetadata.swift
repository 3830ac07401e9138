internal import KubeProtocol
internal import ServingAPI

/// Labels and annotations that a component's children carry.
struct ComponentMetadata {
  var labels: [String: String]
  var annotations: [String: String]

  /// Annotations that steer the controller and say nothing about pods: changing one makes no revision.
  static let switches: Set<String> = [
    ServingAnnotation.stop, ServingAnnotation.disableAutoUpdate, ServingAnnotation.enableTagRouting,
  ]

  /// Runtime < service < component < what the platform itself says.
  init(
    component: Component, runtime: ServingRuntime?, extraLabels: [String: String],
    configuration: InferenceServiceConfig
  ) {
    let service = component.service
    let hiddenLabels = Set(configuration.notPropagatedLabels)
    labels = runtime?.labels ?? [:]
    labels.merge(extraLabels) { $1 }
    labels.merge(service.labels) { $1 }
    labels.merge(component.spec.labels) { $1 }
    labels = labels.filter { !hiddenLabels.contains($0.key) }
    labels[ServingLabel.inferenceService] = service.name
    labels[ServingLabel.component] = component.kind.rawValue

    let hiddenAnnotations = Self.switches.union(configuration.notPropagatedAnnotations)
    annotations = runtime?.annotations ?? [:]
    annotations.merge(service.annotations.filter { !hiddenAnnotations.contains($0.key) }) { $1 }
    annotations.merge(component.spec.annotations.filter { !hiddenAnnotations.contains($0.key) }) { $1 }
  }
}
