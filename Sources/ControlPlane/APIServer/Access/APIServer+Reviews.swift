internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Questions that are answered and not stored.
enum ReviewKind: Sendable {
  case selfSubjectAccess, subjectAccess, localSubjectAccess, selfSubjectRules, selfSubject, token
}

extension APIServer {
  /// Who in-process callers are, where somebody asks.
  static let administrator = KubeUser(
    name: "apus-admin", groups: [KubeUser.administrators, KubeUser.authenticatedGroup])

  func review(_ target: ResourceRequest, _ kind: ReviewKind) async throws -> KubeResponse {
    guard target.request.method == "POST" else { throw Self.methodNotAllowed() }
    let body = try RequestBody(target.request)
    var object = KubeObject(json: body.json.object == nil ? [:] : body.json)
    object["apiVersion"] = .string(target.resource.apiVersion)
    object["kind"] = .string(target.resource.kind)
    let asker = target.request.user ?? Self.administrator
    switch kind {
    case .selfSubject: object.status = ["userInfo": Self.userInfo(asker)]
    case .selfSubjectAccess: object.status = try await accessStatus(asker, object.spec ?? [:])
    case .subjectAccess, .localSubjectAccess:
      let spec = object.spec ?? [:]
      let user = KubeUser(
        name: spec["user"]?.string ?? "", uid: spec["uid"]?.string ?? "",
        groups: (spec["groups"]?.array ?? []).compactMap(\.string))
      if user.name.isEmpty && user.groups.isEmpty {
        throw KubeError.invalid(
          target.resource.groupVersionKind, "",
          [.required("spec.user", "at least one of user or group must be specified")])
      }
      object.status = try await accessStatus(user, spec, namespace: target.namespace)
    case .selfSubjectRules:
      let rules = try await authorizer.rules(
        asker, namespace: object.json.at("spec", "namespace")?.string ?? "")
      object.status = [
        "resourceRules": .array(rules.filter { $0.paths.isEmpty }.map(\.json)),
        "nonResourceRules": .array(rules.filter { !$0.paths.isEmpty }.map(\.json)), "incomplete": false,
      ]
    case .token: object.status = try await tokenStatus(object.spec ?? [:])
    }
    return KubeResponse(status: 201, body: .json(object.json))
  }

  /// - Parameter namespace: that of the path, which a local review must name.
  private func accessStatus(
    _ user: KubeUser, _ spec: JSONValue, namespace: String? = nil
  ) async throws -> JSONValue {
    let wanted: AccessAttributes
    if let attributes = spec["resourceAttributes"], attributes.object != nil {
      func text(_ key: String) -> String { attributes[key]?.string ?? "" }
      if let namespace, text("namespace") != namespace {
        throw KubeError(
          .badRequest, "spec.resourceAttributes.namespace must match namespace of the request: \(namespace)")
      }
      wanted = AccessAttributes(
        verb: text("verb"), group: text("group"), resource: text("resource").isEmpty ? "*" : text("resource"),
        subresource: text("subresource"), namespace: text("namespace"), name: text("name"))
    } else if let attributes = spec["nonResourceAttributes"], attributes.object != nil {
      wanted = AccessAttributes(
        verb: attributes["verb"]?.string ?? "", path: attributes["path"]?.string ?? "")
    } else {
      throw KubeError(
        .badRequest, "spec: one of resourceAttributes and nonResourceAttributes must be given")
    }
    let decision = try await authorizer.decide(user, wanted)
    var status: JSONValue = ["allowed": .bool(decision.isAllowed)]
    if !decision.reason.isEmpty { status["reason"] = .string(decision.reason) }
    return status
  }

  private func tokenStatus(_ spec: JSONValue) async throws -> JSONValue {
    guard let user = try await authenticate(token: spec["token"]?.string ?? "") else {
      return ["authenticated": false, "error": "invalid bearer token"]
    }
    return [
      "authenticated": true, "user": Self.userInfo(user), "audiences": [.string(ServiceAccountTokens.issuer)],
    ]
  }

  private static func userInfo(_ user: KubeUser) -> JSONValue {
    var json: JSONValue = ["username": .string(user.name)]
    if !user.uid.isEmpty { json["uid"] = .string(user.uid) }
    json["groups"] = .array(user.groups.map { .string($0) })
    if !user.extra.isEmpty {
      json["extra"] = .object(
        JSONObject(
          user.extra.sorted { $0.key < $1.key }.map { ($0.key, .array($0.value.map { .string($0) })) }))
    }
    return json
  }
}
