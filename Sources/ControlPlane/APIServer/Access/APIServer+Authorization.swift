internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  var authorizer: RoleAuthorizer { RoleAuthorizer(storage: storage) }

  /// In-process callers are trusted; everybody else needs a role.
  func authorize(_ user: KubeUser?, _ wanted: AccessAttributes) async throws {
    guard let user, !user.groups.contains(KubeUser.administrators) else { return }
    let decision = try await authorizer.decide(user, wanted)
    if !decision.isAllowed { throw wanted.forbidden(user) }
  }

  /// Nobody grants what he does not hold himself.
  func checkEscalation(_ object: KubeObject, _ target: ResourceRequest) async throws {
    guard target.resource.group == AccessStrategies.group, let user = target.request.user,
      !user.groups.contains(KubeUser.administrators)
    else { return }
    let isRole = target.resource.plural.hasSuffix("roles")
    let role = object["roleRef"] ?? [:]
    var override = AccessAttributes(
      verb: isRole ? "escalate" : "bind", group: AccessStrategies.group,
      resource: isRole ? target.resource.plural : role["kind"] == "ClusterRole" ? "clusterroles" : "roles",
      namespace: object.namespace, name: isRole ? object.name : role["name"]?.string ?? "")
    if role["kind"] == "ClusterRole", object.namespace.isEmpty { override.namespace = "" }
    if try await authorizer.decide(user, override).isAllowed { return }
    let granted =
      isRole
      ? (object["rules"]?.array ?? []).map(PolicyRule.init)
      : try await authorizer.rules(role: role, namespace: object.namespace)
    let held = try await authorizer.rules(user, namespace: object.namespace)
    let missing = granted.filter { rule in
      !rule.requests(namespace: object.namespace).allSatisfy { request in held.contains { $0.allows(request) }
      }
    }
    guard let first = missing.first else { return }
    let groups = user.groups.map(KubeError.Cause.quoted)
    var error = KubeError(
      .forbidden,
      "\(target.resource.qualifiedName) \(KubeError.Cause.quoted(object.name)) is forbidden: user"
        + " \(KubeError.Cause.quoted(user.name)) (groups=[\(groups.joined(separator: " "))])"
        + " is attempting to grant RBAC permissions not currently held:\n\(first.json.encodedText)")
    error.group = target.resource.group
    error.kind = target.resource.plural
    error.name = object.name
    throw error
  }
}
