import Formats
import KubeProtocol
import ServingAPI

/// A service from the JSON of its spec.
func makeService(
  _ spec: String, name: String = "iris", namespace: String = "default", annotations: [String: String] = [:],
  labels: [String: String] = [:]
) throws -> KubeObject {
  var object = KubeObject(.inferenceServices, namespace: namespace, name: name)
  object.annotations = annotations
  object.labels = labels
  object.spec = try JSONValue(parsing: spec)
  return object
}

let embedded = InferenceServiceConfig(platform: .init(ingressDomain: "localhost", gatewayPort: 8081))
