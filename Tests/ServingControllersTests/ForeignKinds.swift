import Formats
import KubeProtocol

/// Kinds of other systems, which a cluster may have.
enum ForeignKinds {
  static let knativeServices = make("serving.knative.dev", "v1", "services", "Service")
  static let virtualServices = make("networking.istio.io", "v1beta1", "virtualservices", "VirtualService")
  static let scaledObjects = make("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject")
  static let collectors = make(
    "opentelemetry.io", "v1beta1", "opentelemetrycollectors", "OpenTelemetryCollector")
  static let podAutoscalers = make(
    "autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
  static let ingresses = make("networking.k8s.io", "v1", "ingresses", "Ingress")

  private static func make(_ group: String, _ version: String, _ plural: String, _ kind: String)
    -> KubeResource
  {
    KubeResource(group: group, version: version, plural: plural, kind: kind, isNamespaced: true)
  }

  /// With a schema that takes everything.
  static func definition(of resource: KubeResource) -> KubeObject {
    var object = KubeObject(
      .customResourceDefinitions, name: "\(resource.plural).\(resource.group)")
    object.spec = [
      "group": .string(resource.group), "scope": "Namespaced",
      "names": [
        "plural": .string(resource.plural), "singular": .string(resource.kind.lowercased()),
        "kind": .string(resource.kind), "listKind": .string("\(resource.kind)List"),
      ],
      "versions": [
        [
          "name": .string(resource.version), "served": true, "storage": true,
          "subresources": ["status": [:]],
          "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
        ]
      ],
    ]
    return object
  }
}
