import Basics
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

let embedded = InferenceServiceConfig(platform: .init(ingressDomain: "localhost", gatewayPort: 8081))
let moment = Timestamp(seconds: 1_790_000_000)

/// A service as it is after admission, from the JSON of its spec.
func makeService(
  _ spec: String, name: String = "iris", annotations: [String: String] = [:], labels: [String: String] = [:]
) throws -> InferenceService {
  var object = KubeObject(.inferenceServices, namespace: "team", name: name)
  object.uid = "uid-of-\(name)"
  object.generation = 1
  object.annotations = annotations
  object.labels = labels
  object.spec = try JSONValue(parsing: spec)
  return InferenceService(InferenceServiceDefaults.apply(to: object, configuration: embedded))
}

func makeRuntime(
  _ name: String, formats: String, protocols: [String] = ["v1", "v2"], extra: String = "{}",
  namespace: String? = nil, created: Int64 = 0
) throws -> ServingRuntime {
  var object =
    namespace.map { KubeObject(.servingRuntimes, namespace: $0, name: name) }
    ?? KubeObject(.clusterServingRuntimes, name: name)
  object.creationTimestamp = Timestamp(seconds: created)
  var spec: JSONValue = [
    "supportedModelFormats": try JSONValue(parsing: formats),
    "protocolVersions": .array(protocols.map { .string($0) }),
    "containers": [["name": "kserve-container", "image": "corp/server:1"]],
  ]
  for member in try JSONValue(parsing: extra).object?.members ?? [] { spec[member.key] = member.value }
  object.spec = spec
  return ServingRuntime(object)
}

let builtIn = BuiltInRuntimes.all.map(ServingRuntime.init)

func choose(
  _ service: InferenceService, namespace: [ServingRuntime] = [], cluster: [ServingRuntime] = builtIn
) throws -> RuntimeSelection.Choice {
  try RuntimeSelection(
    model: service.predictor.model ?? ModelSpec(json: [:]), hasWorkers: service.predictor.workerSpec != nil,
    namespaceRuntimes: namespace, clusterRuntimes: cluster
  ).choose()
}

/// The pod of a service, with the built-in runtimes unless told otherwise.
func makePod(
  _ service: InferenceService, runtime: ServingRuntime? = nil,
  configuration: InferenceServiceConfig = embedded,
  credentials: any CredentialInjector = NoCredentials()
) throws -> PodTemplate {
  let choice =
    service.predictor.model == nil
    ? nil : try choose(service, namespace: runtime.map { [$0] } ?? [], cluster: runtime == nil ? builtIn : [])
  return try ComponentPods(configuration: configuration, credentials: credentials)
    .make(try #require(service.component(.predictor)), choice: choice)
}

/// What is wanted for a service, with the built-in runtimes.
func makePlan(
  _ service: InferenceService, configuration: InferenceServiceConfig = embedded,
  mode: DeploymentMode = .standard, live: [ComponentKind: LiveComponent] = [:]
) -> ServicePlan {
  ServicePlanner(
    service: service, mode: mode, configuration: configuration, runtimes: ([], builtIn),
    credentials: NoCredentials(), live: live
  ).plan()
}

extension ServicePlan {
  func child(_ resource: KubeResource, _ name: String) throws -> KubeObject {
    try #require(children.first { $0.resource == resource && $0.object.name == name }?.object)
  }

  func names(_ resource: KubeResource) -> [String] {
    children.filter { $0.resource == resource }.map(\.object.name)
  }

  var routes: [KubeObject] { children.filter { $0.resource == .httpRoutes }.map(\.object) }
}

/// A pod object with a status from JSON.
func makePodObject(
  _ name: String, created: Int64 = 0, phase: String = "Pending", ready: Bool = false, status: String = "{}"
) throws -> KubeObject {
  var pod = KubeObject(.pods, namespace: "team", name: name)
  pod.creationTimestamp = Timestamp(seconds: created)
  pod.labels = ["app": "isvc.iris-predictor", "serving.kserve.io/inferenceservice": "iris"]
  var json = try JSONValue(parsing: status)
  json["phase"] = .string(phase)
  if ready {
    json["conditions"] = [["type": "Ready", "status": "True"]]
  }
  pod.status = json
  return pod
}
