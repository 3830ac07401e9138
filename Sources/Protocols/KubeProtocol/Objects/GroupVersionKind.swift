/// `apps/v1 Deployment`. The core group is "".
public struct GroupVersionKind: Sendable, Hashable, CustomStringConvertible {
  public var group: String
  public var version: String
  public var kind: String

  public init(group: String, version: String, kind: String) {
    self.group = group
    self.version = version
    self.kind = kind
  }

  /// From an object's `apiVersion` and `kind`.
  public init(apiVersion: String, kind: String) {
    if let slash = apiVersion.firstIndex(of: "/") {
      self.init(
        group: String(apiVersion[..<slash]), version: String(apiVersion[apiVersion.index(after: slash)...]),
        kind: kind)
    } else {
      self.init(group: "", version: apiVersion, kind: kind)
    }
  }

  /// `apps/v1`, or `v1` for the core group.
  public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
  public var description: String { "\(apiVersion) \(kind)" }
}

/// A collection of the API: `apps/v1 deployments`, with what a client must know to address it.
public struct KubeResource: Sendable, Hashable, CustomStringConvertible {
  public var group: String
  public var version: String
  /// Lower-case plural, as in paths.
  public var plural: String
  public var kind: String
  public var isNamespaced: Bool

  public init(group: String, version: String, plural: String, kind: String, isNamespaced: Bool) {
    self.group = group
    self.version = version
    self.plural = plural
    self.kind = kind
    self.isNamespaced = isNamespaced
  }

  public var groupVersionKind: GroupVersionKind {
    GroupVersionKind(group: group, version: version, kind: kind)
  }
  public var apiVersion: String { groupVersionKind.apiVersion }
  /// `deployments.apps`, or `pods`.
  public var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }
  public var description: String { qualifiedName }

  /// `/apis/apps/v1/namespaces/<ns>/deployments[/<name>[/<subresource>]]`; without namespace: all of them.
  /// Names must have been validated: they are put in as they are.
  public func path(namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
    var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
    if isNamespaced, let namespace { path += "/namespaces/\(namespace)" }
    path += "/\(plural)"
    if let name { path += "/\(name)" }
    if let subresource { path += "/\(subresource)" }
    return path
  }
}

/// The collections that Apus's own code addresses. What the API server serves is its registry's business.
extension KubeResource {
  private static func core(_ plural: String, _ kind: String, namespaced: Bool = true) -> KubeResource {
    KubeResource(group: "", version: "v1", plural: plural, kind: kind, isNamespaced: namespaced)
  }
  private static func apps(_ plural: String, _ kind: String) -> KubeResource {
    KubeResource(group: "apps", version: "v1", plural: plural, kind: kind, isNamespaced: true)
  }
  private static func gateway(_ plural: String, _ kind: String, namespaced: Bool = true) -> KubeResource {
    KubeResource(
      group: "gateway.networking.k8s.io", version: "v1", plural: plural, kind: kind, isNamespaced: namespaced)
  }
  private static func serving(
    _ version: String, _ plural: String, _ kind: String, namespaced: Bool = true
  ) -> KubeResource {
    KubeResource(
      group: "serving.kserve.io", version: version, plural: plural, kind: kind, isNamespaced: namespaced)
  }

  public static let namespaces = core("namespaces", "Namespace", namespaced: false)
  public static let nodes = core("nodes", "Node", namespaced: false)
  public static let pods = core("pods", "Pod")
  public static let services = core("services", "Service")
  public static let endpoints = core("endpoints", "Endpoints")
  public static let configMaps = core("configmaps", "ConfigMap")
  public static let secrets = core("secrets", "Secret")
  public static let serviceAccounts = core("serviceaccounts", "ServiceAccount")
  public static let events = core("events", "Event")
  public static let endpointSlices = KubeResource(
    group: "discovery.k8s.io", version: "v1", plural: "endpointslices", kind: "EndpointSlice",
    isNamespaced: true)
  public static let deployments = apps("deployments", "Deployment")
  public static let replicaSets = apps("replicasets", "ReplicaSet")
  public static let controllerRevisions = apps("controllerrevisions", "ControllerRevision")
  public static let httpRoutes = gateway("httproutes", "HTTPRoute")
  public static let gateways = gateway("gateways", "Gateway")
  public static let gatewayClasses = gateway("gatewayclasses", "GatewayClass", namespaced: false)
  public static let customResourceDefinitions = KubeResource(
    group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition", isNamespaced: false)
  public static let inferenceServices = serving("v1beta1", "inferenceservices", "InferenceService")
  public static let servingRuntimes = serving("v1alpha1", "servingruntimes", "ServingRuntime")
  public static let clusterServingRuntimes = serving(
    "v1alpha1", "clusterservingruntimes", "ClusterServingRuntime", namespaced: false)
  public static let trainedModels = serving("v1alpha1", "trainedmodels", "TrainedModel")
  public static let inferenceGraphs = serving("v1alpha1", "inferencegraphs", "InferenceGraph")
  public static let clusterStorageContainers = serving(
    "v1alpha1", "clusterstoragecontainers", "ClusterStorageContainer", namespaced: false)
  public static let localModelCaches = serving(
    "v1alpha1", "localmodelcaches", "LocalModelCache", namespaced: false)
  public static let localModelNamespaceCaches = serving(
    "v1alpha1", "localmodelnamespacecaches", "LocalModelNamespaceCache")
  public static let localModelNodes = serving(
    "v1alpha1", "localmodelnodes", "LocalModelNode", namespaced: false)
  public static let localModelNodeGroups = serving(
    "v1alpha1", "localmodelnodegroups", "LocalModelNodeGroup", namespaced: false)
  public static let llmInferenceServices = serving(
    "v1alpha2", "llminferenceservices", "LLMInferenceService")
  public static let llmInferenceServiceConfigs = serving(
    "v1alpha2", "llminferenceserviceconfigs", "LLMInferenceServiceConfig")
}
