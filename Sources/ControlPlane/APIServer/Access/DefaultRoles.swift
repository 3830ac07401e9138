internal import Formats
internal import KubeProtocol

/// The roles and bindings that every cluster has.
enum DefaultRoles {
  private static let group = AccessStrategies.group
  private static let readVerbs: JSONValue = ["get", "list", "watch"]
  private static let allVerbs: JSONValue = [
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
  ]

  private static func object(_ kind: String, _ plural: String, _ name: String) -> KubeObject {
    var object = KubeObject(
      KubeResource(group: group, version: "v1", plural: plural, kind: kind, isNamespaced: false), name: name)
    object.labels = ["kubernetes.io/bootstrapping": "rbac-defaults"]
    return object
  }

  private static func role(_ name: String, _ rules: [JSONValue]) -> KubeObject {
    var role = object("ClusterRole", "clusterroles", name)
    role["rules"] = .array(rules)
    return role
  }

  private static func binding(_ name: String, groups: [String]) -> KubeObject {
    var binding = object("ClusterRoleBinding", "clusterrolebindings", name)
    binding["roleRef"] = ["apiGroup": .string(group), "kind": "ClusterRole", "name": .string(name)]
    binding["subjects"] = .array(
      groups.map { ["apiGroup": .string(group), "kind": "Group", "name": .string($0)] })
    return binding
  }

  private static func rule(_ groups: JSONValue, _ resources: JSONValue, _ verbs: JSONValue) -> JSONValue {
    ["apiGroups": groups, "resources": resources, "verbs": verbs]
  }

  private static let paths: JSONValue = [
    "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz",
    "/version", "/version/",
  ]

  /// What people work with in a namespace, without secrets and roles.
  private static let common: [JSONValue] = [
    rule(
      [""],
      [
        "configmaps", "endpoints", "events", "limitranges", "namespaces", "persistentvolumeclaims",
        "persistentvolumeclaims/status", "pods", "pods/log", "pods/status", "resourcequotas",
        "resourcequotas/status", "serviceaccounts", "services", "services/status",
      ], readVerbs),
    rule(
      ["apps", "autoscaling", "batch", "policy", "networking.k8s.io", "discovery.k8s.io"], ["*"], readVerbs),
    rule(["gateway.networking.k8s.io", "serving.kserve.io"], ["*"], readVerbs),
  ]

  private static let writing: [JSONValue] = [
    rule(
      [""],
      [
        "configmaps", "endpoints", "events", "persistentvolumeclaims", "pods", "pods/attach", "pods/exec",
        "pods/portforward", "pods/log", "secrets", "serviceaccounts", "services", "services/proxy",
      ], allVerbs),
    rule([""], ["serviceaccounts/token"], ["create"]),
    rule(["apps", "autoscaling", "batch", "policy", "networking.k8s.io"], ["*"], allVerbs),
    rule(["gateway.networking.k8s.io", "serving.kserve.io"], ["*"], allVerbs),
  ]

  static let all: [KubeObject] = [
    role(
      "cluster-admin",
      [rule(["*"], ["*"], ["*"]), ["nonResourceURLs": ["*"], "verbs": ["*"]]]),
    role(
      "admin",
      common + writing + [
        rule([.string(group)], ["roles", "rolebindings"], allVerbs),
        rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ["create"]),
      ]),
    role("edit", common + writing), role("view", common),
    role("system:discovery", [["nonResourceURLs": paths, "verbs": ["get"]]]),
    role(
      "system:public-info-viewer",
      [["nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"]]]),
    role(
      "system:basic-user",
      [
        rule(["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
        rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
      ]),
    binding("cluster-admin", groups: [KubeUser.administrators]),
    binding("system:discovery", groups: [KubeUser.authenticatedGroup]),
    binding("system:basic-user", groups: [KubeUser.authenticatedGroup]),
    binding(
      "system:public-info-viewer", groups: [KubeUser.authenticatedGroup, "system:unauthenticated"]),
  ]
}
