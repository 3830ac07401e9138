internal import KubeProtocol

/// The kinds that a user's YAML may hold beside what serving itself needs: stored, defaulted, validated and
/// shown as upstream does.
extension BuiltinResources {
  private static func row(
    _ group: String, _ version: String, _ kind: String, _ plural: String, _ package: String,
    namespaced: Bool = true, short: [String] = [], categories: [String] = [], hasStatus: Bool = false,
    columns: [TableColumn], strategy: ResourceStrategy = ResourceStrategy()
  ) -> ResourceDefinition {
    ResourceDefinition(
      KubeResource(group: group, version: version, plural: plural, kind: kind, isNamespaced: namespaced),
      shortNames: short, categories: categories, schema: schema("io.k8s.api.\(package)", kind),
      hasStatus: hasStatus, columns: columns, strategy: strategy)
  }

  static let workloads: [ResourceDefinition] = [
    scalable(
      row(
        "apps", "v1", "StatefulSet", "statefulsets", "apps.v1", short: ["sts"], categories: ["all"],
        hasStatus: true, columns: WorkloadColumns.statefulSets, strategy: StatefulStrategies.statefulSet)),
    row(
      "apps", "v1", "DaemonSet", "daemonsets", "apps.v1", short: ["ds"], categories: ["all"], hasStatus: true,
      columns: WorkloadColumns.daemonSets, strategy: StatefulStrategies.daemonSet),
    row(
      "batch", "v1", "Job", "jobs", "batch.v1", categories: ["all"], hasStatus: true,
      columns: WorkloadColumns.jobs, strategy: BatchStrategies.job),
    row(
      "batch", "v1", "CronJob", "cronjobs", "batch.v1", short: ["cj"], categories: ["all"], hasStatus: true,
      columns: WorkloadColumns.cronJobs, strategy: BatchStrategies.cronJob),
    autoscaler("v2", WorkloadColumns.autoscalers), autoscaler("v1", WorkloadColumns.firstAutoscalers),
  ]

  static let storage: [ResourceDefinition] = [
    row(
      "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "core.v1", short: ["pvc"],
      hasStatus: true, columns: StorageColumns.claims, strategy: StorageStrategies.claim),
    row(
      "", "v1", "PersistentVolume", "persistentvolumes", "core.v1", namespaced: false, short: ["pv"],
      hasStatus: true, columns: StorageColumns.volumes, strategy: StorageStrategies.volume),
    row(
      "storage.k8s.io", "v1", "StorageClass", "storageclasses", "storage.v1", namespaced: false,
      short: ["sc"],
      columns: StorageColumns.classes, strategy: StorageStrategies.storageClass),
  ]

  static let policies: [ResourceDefinition] = [
    row(
      "", "v1", "ResourceQuota", "resourcequotas", "core.v1", short: ["quota"], hasStatus: true,
      columns: PolicyColumns.quotas, strategy: PolicyStrategies.quota),
    row(
      "", "v1", "LimitRange", "limitranges", "core.v1", short: ["limits"], columns: PolicyColumns.limitRanges,
      strategy: PolicyStrategies.limitRange),
    row(
      "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "policy.v1", short: ["pdb"],
      hasStatus: true, columns: PolicyColumns.disruptionBudgets, strategy: PolicyStrategies.disruptionBudget),
    row(
      "scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "scheduling.v1", namespaced: false,
      short: ["pc"], columns: PolicyColumns.priorityClasses, strategy: PolicyStrategies.priorityClass),
    row(
      "networking.k8s.io", "v1", "Ingress", "ingresses", "networking.v1", short: ["ing"], hasStatus: true,
      columns: PolicyColumns.ingresses, strategy: NetworkingStrategies.ingress),
    row(
      "networking.k8s.io", "v1", "IngressClass", "ingressclasses", "networking.v1", namespaced: false,
      columns: PolicyColumns.ingressClasses, strategy: ResourceStrategy(hasGeneration: true)),
    row(
      "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "networking.v1", short: ["netpol"],
      columns: PolicyColumns.networkPolicies, strategy: NetworkingStrategies.networkPolicy),
  ]

  static let access: [ResourceDefinition] = [
    row(
      AccessStrategies.group, "v1", "Role", "roles", "rbac.v1", columns: PolicyColumns.roles,
      strategy: AccessStrategies.role),
    row(
      AccessStrategies.group, "v1", "ClusterRole", "clusterroles", "rbac.v1", namespaced: false,
      columns: PolicyColumns.roles, strategy: AccessStrategies.clusterRole),
    row(
      AccessStrategies.group, "v1", "RoleBinding", "rolebindings", "rbac.v1",
      columns: PolicyColumns.bindings, strategy: AccessStrategies.roleBinding),
    row(
      AccessStrategies.group, "v1", "ClusterRoleBinding", "clusterrolebindings", "rbac.v1", namespaced: false,
      columns: PolicyColumns.bindings, strategy: AccessStrategies.clusterRoleBinding),
  ]

  private static func scalable(_ definition: ResourceDefinition) -> ResourceDefinition {
    var definition = definition
    definition.scale = ResourceDefinition.ScalePaths(
      specReplicas: ["spec", "replicas"], statusReplicas: ["status", "replicas"],
      selector: ["spec", "selector"])
    return definition
  }

  private static func autoscaler(_ version: String, _ columns: [TableColumn]) -> ResourceDefinition {
    var definition = row(
      "autoscaling", version, "HorizontalPodAutoscaler", "horizontalpodautoscalers", "autoscaling.\(version)",
      short: ["hpa"], categories: ["all"], hasStatus: true, columns: columns,
      strategy: AutoscalerStrategy.strategy)
    definition.convert = AutoscalerStrategy.convert
    return definition
  }
}
