/// The parts that a service may have. The raw value is the label `component` of their children and their key
/// in `status.components`.
enum ComponentKind: String, Sendable, Hashable, CaseIterable {
  case predictor
  case transformer
  case explainer

  /// As conditions begin.
  var title: String {
    switch self {
    case .predictor: "Predictor"
    case .transformer: "Transformer"
    case .explainer: "Explainer"
    }
  }

  var readyCondition: String { "\(title)Ready" }
  /// Upstream's explainer has a plural of its own.
  var routeCondition: String { self == .explainer ? "ExplainerRoutesReady" : "\(title)RouteReady" }
  var configurationCondition: String { "\(title)ConfigurationReady" }
}
