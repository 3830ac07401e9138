internal import Formats
internal import KubeProtocol

/// Role-based access control over the stored roles and bindings. Reads what is stored at each request: the
/// objects are decoded already, and there are few of them.
struct RoleAuthorizer: Sendable {
  struct Decision: Sendable {
    var isAllowed: Bool
    var reason = ""
  }

  let storage: ObjectStorage

  private static let prefix = "/\(AccessStrategies.group)/"

  func decide(_ user: KubeUser, _ wanted: AccessAttributes) async throws -> Decision {
    if user.groups.contains(KubeUser.administrators) { return Decision(isAllowed: true) }
    for grant in try await grants(user, namespace: wanted.namespace)
    where grant.rules.contains(where: { $0.allows(wanted) }) {
      return Decision(isAllowed: true, reason: "RBAC: allowed by \(grant.source)")
    }
    return Decision(isAllowed: false)
  }

  /// Every rule that holds for the user in the namespace.
  func rules(_ user: KubeUser, namespace: String) async throws -> [PolicyRule] {
    if user.groups.contains(KubeUser.administrators) { return PolicyRule.everything }
    return try await grants(user, namespace: namespace).flatMap(\.rules)
  }

  /// The rules of a role; none where it does not exist.
  private func rules(role reference: JSONValue, namespace: String) async throws -> [PolicyRule] {
    do {
      return try await rules(ofExisting: reference, namespace: namespace)
    } catch let error as KubeError where error.reason == .notFound {
      return []
    }
  }

  /// The rules of a role. Throws where it does not exist: what it will hold one day is not known.
  func rules(ofExisting reference: JSONValue, namespace: String) async throws -> [PolicyRule] {
    let name = reference["name"]?.string ?? ""
    let plural = reference["kind"] == "ClusterRole" ? "clusterroles" : "roles"
    let place = plural == "roles" ? namespace : ""
    guard let (role, _) = try await storage.get("\(Self.prefix)\(plural)/\(place)/\(name)") else {
      var error = KubeError(
        .notFound, "\(plural).\(AccessStrategies.group) \(KubeError.Cause.quoted(name)) not found")
      error.group = AccessStrategies.group
      error.kind = plural
      error.name = name
      throw error
    }
    var rules = (role["rules"]?.array ?? []).map(PolicyRule.init)
    for selector in role.json.at("aggregationRule", "clusterRoleSelectors")?.array ?? [] {
      guard let selector = try? LabelSelector(json: selector) else { continue }
      for other in try await storage.list(prefix: "\(Self.prefix)clusterroles/").objects
      where other.name != role.name && selector.matches(other) {
        rules += (other["rules"]?.array ?? []).map(PolicyRule.init)
      }
    }
    return rules
  }

  private struct Grant {
    var rules: [PolicyRule]
    var source: String
  }

  private func grants(_ user: KubeUser, namespace: String) async throws -> [Grant] {
    var grants: [Grant] = []
    func add(_ bindings: [KubeObject], _ kind: String) async throws {
      for binding in bindings {
        guard
          let subject = (binding["subjects"]?.array ?? []).first(where: {
            Self.matches($0, user, binding.namespace)
          })
        else { continue }
        let role = binding["roleRef"] ?? [:]
        let key = binding.namespace.isEmpty ? binding.name : "\(binding.name)/\(binding.namespace)"
        grants.append(
          Grant(
            rules: try await rules(role: role, namespace: binding.namespace),
            source: "\(kind) \"\(key)\" of \(role["kind"]?.string ?? "") \"\(role["name"]?.string ?? "")\""
              + " to \(subject["kind"]?.string ?? "") \"\(subject["name"]?.string ?? "")\""))
      }
    }
    try await add(
      try await storage.list(prefix: "\(Self.prefix)clusterrolebindings/").objects, "ClusterRoleBinding")
    if !namespace.isEmpty {
      try await add(
        try await storage.list(prefix: "\(Self.prefix)rolebindings/\(namespace)/").objects, "RoleBinding")
    }
    return grants
  }

  private static func matches(_ subject: JSONValue, _ user: KubeUser, _ bindingNamespace: String) -> Bool {
    let name = subject["name"]?.string ?? ""
    switch subject["kind"]?.string {
    case "User": return user.name == name
    case "Group": return user.groups.contains(name)
    case "ServiceAccount":
      let namespace = subject["namespace"]?.string ?? bindingNamespace
      return !namespace.isEmpty && user.name == "system:serviceaccount:\(namespace):\(name)"
    default: return false
    }
  }
}
