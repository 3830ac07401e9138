internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Kinds that a cluster may have or not.
struct OptionalKinds: Sendable, Hashable {
  /// `autoscaling/v2`, or `v2beta2` where that is all there is.
  var podAutoscalers: KubeResource?
  /// KEDA's.
  var scaledObjects: KubeResource?
  /// The OpenTelemetry operator's.
  var metricsCollectors: KubeResource?
  var ingresses: KubeResource?
  /// ModelMesh's predictors: asked for, never followed.
  var modelMeshPredictors: KubeResource?
  /// Knative's.
  var knativeServices: KubeResource?
  /// Istio's.
  var virtualServices: KubeResource?

  init() {}

  var all: [KubeResource] {
    [
      podAutoscalers, scaledObjects, metricsCollectors, ingresses, virtualServices, knativeServices,
    ].compactMap { $0 }
  }

  /// Asks the API which of them it serves.
  static func discover(_ client: KubeClient) async throws -> OptionalKinds {
    let groups = try await client.json(.init(method: "GET", path: "/apis"))["groups"]?.array ?? []
    var versions: [String: [String]] = [:]
    for group in groups {
      versions[group["name"]?.string ?? ""] =
        (group["versions"]?.array ?? []).compactMap { $0["version"]?.string }
    }
    func find(
      _ group: String, _ wanted: [String], _ plural: String, _ kind: String
    ) async throws -> KubeResource? {
      for version in wanted where versions[group]?.contains(version) == true {
        let list = try await client.json(.init(method: "GET", path: "/apis/\(group)/\(version)"))
        if (list["resources"]?.array ?? []).contains(where: { $0["name"]?.string == plural }) {
          return KubeResource(
            group: group, version: version, plural: plural, kind: kind, isNamespaced: true)
        }
      }
      return nil
    }
    var found = OptionalKinds()
    found.podAutoscalers = try await find(
      "autoscaling", ["v2", "v2beta2"], "horizontalpodautoscalers", "HorizontalPodAutoscaler")
    found.scaledObjects = try await find("keda.sh", ["v1alpha1"], "scaledobjects", "ScaledObject")
    found.metricsCollectors = try await find(
      "opentelemetry.io", ["v1beta1"], "opentelemetrycollectors", "OpenTelemetryCollector")
    found.ingresses = try await find("networking.k8s.io", ["v1"], "ingresses", "Ingress")
    found.knativeServices = try await find("serving.knative.dev", ["v1"], "services", "Service")
    found.virtualServices = try await find(
      "networking.istio.io", ["v1beta1", "v1"], "virtualservices", "VirtualService")
    found.modelMeshPredictors = try await find("serving.kserve.io", ["v1alpha1"], "predictors", "Predictor")
    return found
  }
}
