internal import Formats
internal import KubeProtocol

/// What a cluster's Knative is set to, as far as services depend on it.
struct KnativeSettings: Sendable, Hashable {
  /// `allow-zero-initial-scale` of ConfigMap `config-autoscaler`.
  var allowsZeroInitialScale = false
  /// The domains of ConfigMap `config-domain`, sorted.
  var domains: [String] = []

  static let namespace = "knative-serving"
  static let autoscalerConfigMap = "config-autoscaler"
  static let domainConfigMap = "config-domain"
  /// As Go's `strconv.ParseBool` takes them.
  private static let trueTexts: Set<String> = ["1", "t", "T", "true", "True", "TRUE"]

  init() {}

  /// From the ConfigMaps; what is not there leaves Knative's defaults.
  init(autoscaler: KubeObject?, domain: KubeObject?) {
    let allowed = KubeObject.stringMap(autoscaler?["data"])["allow-zero-initial-scale"] ?? ""
    allowsZeroInitialScale = Self.trueTexts.contains(allowed)
    // `_example` explains the others.
    domains = KubeObject.stringMap(domain?["data"]).keys.filter { !$0.hasPrefix("_") }.sorted()
  }

  /// Whether a ConfigMap is one of them.
  static func isSource(_ object: KubeObject) -> Bool {
    object.namespace == namespace && [autoscalerConfigMap, domainConfigMap].contains(object.name)
  }
}
