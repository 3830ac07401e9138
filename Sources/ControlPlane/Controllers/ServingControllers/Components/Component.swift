internal import ServingAPI

/// One declared part of a service: what predictor, transformer and explainer have in common.
struct Component: Sendable, Hashable {
  let kind: ComponentKind
  let service: InferenceService
  let spec: ComponentSpec

  /// Deployment and Service that hold what is rolled out.
  var name: String { kind == .predictor ? service.predictorName : baseName }

  /// Its HTTPRoute, and what the names of its revisions begin with; never has the predictor's own name in it.
  var baseName: String { "\(service.name)-\(kind.rawValue)" }

  /// The Service inside the cluster, as transformers are told.
  var host: String { "\(name).\(service.namespace)" }

  /// Whether other components of the service ask this one, by its names inside the cluster.
  var isCalledInside: Bool {
    kind == .predictor && (service.transformer != nil || service.explainer != nil)
  }
}

extension InferenceService {
  /// Those that the spec declares, the predictor first.
  var components: [Component] { ComponentKind.allCases.compactMap(component) }

  func component(_ kind: ComponentKind) -> Component? {
    let spec: ComponentSpec? =
      switch kind {
      case .predictor: predictor.component
      case .transformer: transformer
      case .explainer: explainer?.component
      }
    return spec.map { Component(kind: kind, service: self, spec: $0) }
  }

  /// What requests to the service's own name reach first.
  var entry: ComponentKind { transformer == nil ? .predictor : .transformer }
}
