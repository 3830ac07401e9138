internal import KubeClient
internal import KubeProtocol

/// What a request wants to do, as authorization looks at it.
struct AccessAttributes: Sendable, Hashable {
  var verb: String
  var group = ""
  /// "" for requests that are about no resource.
  var resource = ""
  var subresource = ""
  /// "" for all namespaces and for cluster-wide kinds.
  var namespace = ""
  var name = ""
  /// For requests that are about no resource.
  var path = ""

  var isResource: Bool { !resource.isEmpty }

  /// `pods/log`.
  var qualifiedResource: String { subresource.isEmpty ? resource : "\(resource)/\(subresource)" }

  init(verb: String, path: String) {
    self.verb = verb
    self.path = path
  }

  init(
    verb: String, group: String, resource: String, subresource: String = "", namespace: String = "",
    name: String = ""
  ) {
    self.verb = verb
    self.group = group
    self.resource = resource
    self.subresource = subresource
    self.namespace = namespace
    self.name = name
  }

  init(_ target: ResourceRequest) {
    group = target.resource.group
    resource = target.resource.plural
    subresource = target.subresource ?? ""
    namespace = target.resource.isNamespaced ? target.namespace ?? "" : ""
    name = target.name
    switch target.request.method {
    case "GET", "HEAD": verb = target.flag("watch") ? "watch" : target.name.isEmpty ? "list" : "get"
    case "POST": verb = "create"
    case "PUT": verb = "update"
    case "PATCH": verb = "patch"
    case "DELETE": verb = target.name.isEmpty ? "deletecollection" : "delete"
    case let other: verb = other.lowercased()
    }
    // A list of one name is about that name: clients watch single objects so.
    if verb == "list" || verb == "watch", name.isEmpty,
      let text = target.request.queryValue("fieldSelector"),
      let wanted = try? FieldSelector(query: text).requiredValue(of: "metadata.name")
    {
      name = wanted
    }
  }

  /// The refusal, in upstream's words.
  func forbidden(_ user: KubeUser, _ reason: String = "") -> KubeError {
    let suffix = reason.isEmpty ? "" : ": \(reason)"
    guard isResource else {
      return KubeError(
        .forbidden,
        "forbidden: User \(KubeError.Cause.quoted(user.name)) cannot \(verb) path"
          + " \(KubeError.Cause.quoted(path))\(suffix)"
      )
    }
    let qualified = group.isEmpty ? resource : "\(resource).\(group)"
    let subject = name.isEmpty ? qualified : "\(qualified) \(KubeError.Cause.quoted(name))"
    let place =
      namespace.isEmpty ? "at the cluster scope" : "in the namespace \(KubeError.Cause.quoted(namespace))"
    var error = KubeError(
      .forbidden,
      "\(subject) is forbidden: User \(KubeError.Cause.quoted(user.name)) cannot \(verb) resource"
        + " \(KubeError.Cause.quoted(qualifiedResource)) in API group \(KubeError.Cause.quoted(group))"
        + " \(place)\(suffix)"
    )
    error.group = group
    error.kind = resource
    error.name = name
    return error
  }
}
