internal import Formats
internal import KubeProtocol

/// The kinds that every server has, as rows.
enum BuiltinResources {
  static let all: [ResourceDefinition] =
    core + storage + apps + workloads + others + policies + access + gateway + reviews

  static func schema(_ package: String, _ kind: String) -> Schema { .reference("\(package).\(kind)") }

  private static func coreKind(
    _ resource: KubeResource, shortNames: [String] = [], categories: [String] = [], hasStatus: Bool = false,
    connections: [String] = [], columns: [TableColumn] = [], strategy: ResourceStrategy = ResourceStrategy()
  ) -> ResourceDefinition {
    ResourceDefinition(
      resource, shortNames: shortNames, categories: categories,
      schema: schema("io.k8s.api.core.v1", resource.kind), hasStatus: hasStatus, connections: connections,
      columns: columns, strategy: strategy)
  }

  private static let core: [ResourceDefinition] = [
    coreKind(
      .namespaces, shortNames: ["ns"], hasStatus: true, columns: CoreColumns.namespaces,
      strategy: NamespaceStrategy.strategy),
    coreKind(
      .nodes, shortNames: ["no"], hasStatus: true, columns: NodeColumns.all,
      strategy: ResourceStrategy(fieldLabels: ["spec.unschedulable": ["spec", "unschedulable"]])),
    coreKind(
      .pods, shortNames: ["po"], categories: ["all"], hasStatus: true,
      connections: ["attach", "binding", "exec", "log", "portforward"],
      columns: PodColumns.all, strategy: PodStrategy.strategy),
    coreKind(
      .services, shortNames: ["svc"], categories: ["all"], hasStatus: true, columns: ServiceColumns.all,
      strategy: ServiceStrategy.strategy),
    coreKind(.endpoints, shortNames: ["ep"], columns: ServiceColumns.endpoints),
    coreKind(
      .configMaps, shortNames: ["cm"], columns: CoreColumns.configMaps,
      strategy: ConfigurationStrategies.configMap),
    coreKind(.secrets, columns: CoreColumns.secrets, strategy: ConfigurationStrategies.secret),
    coreKind(
      .serviceAccounts, shortNames: ["sa"], connections: ["token"], columns: CoreColumns.serviceAccounts),
    coreKind(.events, shortNames: ["ev"], columns: EventColumns.all, strategy: EventStrategy.strategy),
  ]

  private static let replicaPaths = ResourceDefinition.ScalePaths(
    specReplicas: ["spec", "replicas"], statusReplicas: ["status", "replicas"],
    selector: ["spec", "selector"])

  private static let apps: [ResourceDefinition] = [
    ResourceDefinition(
      .deployments, shortNames: ["deploy"], categories: ["all"],
      schema: schema("io.k8s.api.apps.v1", "Deployment"), hasStatus: true, scale: replicaPaths,
      columns: AppsColumns.deployments, strategy: AppsStrategies.deployment),
    ResourceDefinition(
      .replicaSets, shortNames: ["rs"], categories: ["all"],
      schema: schema("io.k8s.api.apps.v1", "ReplicaSet"),
      hasStatus: true, scale: replicaPaths, columns: AppsColumns.replicaSets,
      strategy: AppsStrategies.replicaSet),
    ResourceDefinition(
      .controllerRevisions, schema: schema("io.k8s.api.apps.v1", "ControllerRevision"),
      columns: AppsColumns.controllerRevisions, strategy: StatefulStrategies.controllerRevision),
  ]

  static let leases = KubeResource(
    group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true)

  private static let others: [ResourceDefinition] = [
    ResourceDefinition(
      .endpointSlices, schema: schema("io.k8s.api.discovery.v1", "EndpointSlice"),
      columns: ServiceColumns.endpointSlices, strategy: ResourceStrategy(hasGeneration: true)),
    ResourceDefinition(
      leases, schema: schema("io.k8s.api.coordination.v1", "Lease"), columns: CoreColumns.leases),
    ResourceDefinition(
      .customResourceDefinitions, shortNames: ["crd", "crds"], categories: ["api-extensions"],
      schema: schema("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1", "CustomResourceDefinition"),
      hasStatus: true, columns: CoreColumns.customResourceDefinitions,
      strategy: CustomResourceDefinitionStrategy.strategy),
  ]

  static let grpcRoutes = KubeResource(
    group: "gateway.networking.k8s.io", version: "v1", plural: "grpcroutes", kind: "GRPCRoute",
    isNamespaced: true)

  private static let gatewayPackage = "io.k8s.networking.gateway.v1"

  private static let gateway: [ResourceDefinition] = [
    ResourceDefinition(
      .gatewayClasses, shortNames: ["gc"], categories: ["gateway-api"],
      schema: schema(gatewayPackage, "GatewayClass"), hasStatus: true, columns: GatewayColumns.gatewayClasses,
      strategy: GatewayStrategies.generationOnly),
    ResourceDefinition(
      .gateways, shortNames: ["gtw"], categories: ["gateway-api"], schema: schema(gatewayPackage, "Gateway"),
      hasStatus: true, columns: GatewayColumns.gateways, strategy: GatewayStrategies.gateway),
    ResourceDefinition(
      .httpRoutes, categories: ["gateway-api"], schema: schema(gatewayPackage, "HTTPRoute"), hasStatus: true,
      columns: GatewayColumns.httpRoutes, strategy: GatewayStrategies.httpRoute),
    ResourceDefinition(
      grpcRoutes, categories: ["gateway-api"], schema: schema(gatewayPackage, "GRPCRoute"), hasStatus: true,
      columns: GatewayColumns.httpRoutes, strategy: GatewayStrategies.generationOnly),
  ]

  private static func reviewKind(
    _ group: String, _ plural: String, _ kind: String, namespaced: Bool = false, _ review: ReviewKind
  ) -> ResourceDefinition {
    let package = "io.k8s.api.\(group.split(separator: ".").first ?? "").v1"
    var definition = ResourceDefinition(
      KubeResource(group: group, version: "v1", plural: plural, kind: kind, isNamespaced: namespaced),
      schema: schema(package, kind))
    definition.review = review
    return definition
  }

  private static let reviews: [ResourceDefinition] = [
    reviewKind(
      "authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview", .selfSubjectAccess),
    reviewKind("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview", .subjectAccess),
    reviewKind(
      "authorization.k8s.io", "localsubjectaccessreviews", "LocalSubjectAccessReview", namespaced: true,
      .localSubjectAccess),
    reviewKind(
      "authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview", .selfSubjectRules),
    reviewKind("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview", .selfSubject),
    reviewKind("authentication.k8s.io", "tokenreviews", "TokenReview", .token),
  ]
}
