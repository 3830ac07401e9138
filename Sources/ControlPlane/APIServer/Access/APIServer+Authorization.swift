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
      : try await authorizer.rules(ofExisting: role, namespace: object.namespace)
    let held = try await authorizer.rules(user, namespace: object.namespace)
    func isHeld(_ rule: PolicyRule) throws(KubeError) -> Bool {
      guard rule.requestCount <= Self.maximumRequestsOfRule else {
        throw Self.refusal(
          object, target, "a rule grants more than \(Self.maximumRequestsOfRule) permissions: split it")
      }
      return rule.requests(namespace: object.namespace).allSatisfy { request in
        held.contains { $0.allows(request) }
      }
    }
    // What an aggregated role will gather is not known yet.
    if object["aggregationRule"]?.isNull == false,
      try !PolicyRule.everything.allSatisfy({ rule throws(KubeError) in try isHeld(rule) })
    {
      throw Self.refusal(object, target, "must have cluster-admin privileges to use the aggregationRule")
    }
    guard let first = try granted.first(where: { rule throws(KubeError) in try !isHeld(rule) }) else {
      return
    }
    let groups = user.groups.map(KubeError.Cause.quoted)
    throw Self.refusal(
      object, target,
      "user \(KubeError.Cause.quoted(user.name)) (groups=[\(groups.joined(separator: " "))])"
        + " is attempting to grant RBAC permissions not currently held:\n\(first.json.encodedText)")
  }

  /// Verbs times groups times resources times names, which are looked at one by one.
  private static let maximumRequestsOfRule = 100_000

  private static func refusal(_ object: KubeObject, _ target: ResourceRequest, _ reason: String) -> KubeError
  {
    var error = KubeError(
      .forbidden,
      "\(target.resource.qualifiedName) \(KubeError.Cause.quoted(object.name)) is forbidden: \(reason)")
    error.group = target.resource.group
    error.kind = target.resource.plural
    error.name = object.name
    return error
  }
}
