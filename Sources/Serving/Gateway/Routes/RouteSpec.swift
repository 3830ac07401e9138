internal import Basics
internal import Formats
internal import KubeProtocol

/// An HTTPRoute, read once per version of the object.
struct RouteSpec: Sendable {
  var key: ObjectKey
  var uid: String
  var resourceVersion: String
  var generation: Int64
  var created: Timestamp
  var parents: [ParentReference]
  /// Empty for every host.
  var hostnames: [HostPattern]
  var rules: [RouteRuleSpec]
  /// What of the route this gateway cannot do; such a route is not accepted.
  var problem: String?
}

/// `spec.parentRefs[]`.
struct ParentReference: Sendable, Hashable {
  var group: String
  var kind: String
  var namespace: String
  var name: String
  var sectionName: String?
  var port: Int64?
  /// As written, for the status.
  var json: JSONValue

  var gateway: ObjectKey? {
    group == "gateway.networking.k8s.io" && kind == "Gateway"
      ? ObjectKey(namespace: namespace, name: name) : nil
  }
}

/// `spec.rules[]`.
struct RouteRuleSpec: Sendable {
  var matches: [RouteMatch]
  var filters = RouteFilters()
  var backends: [BackendReference]
  /// From the request's first byte to the answer's last; nil for none.
  var timeout: Duration?
}

/// `spec.rules[].matches[]`: all parts must hold.
struct RouteMatch: Sendable {
  var path: PathMatcher
  var method: String?
  var headers: [NamedMatch] = []
  var query: [NamedMatch] = []
}

/// A header or query parameter that must have a value.
struct NamedMatch: Sendable {
  enum Value: Sendable {
    case exact(String)
    case pattern(Pattern)
  }

  var name: String
  var value: Value

  func accepts(_ text: String) -> Bool {
    switch value {
    case .exact(let wanted): text == wanted
    case .pattern(let pattern): (try? pattern.matches(text)) ?? false
    }
  }
}

/// `backendRefs[]` of a rule.
struct BackendReference: Sendable {
  var group: String
  var kind: String
  var namespace: String
  var name: String
  var port: Int64?
  var weight: Int64
  var filters = RouteFilters()
}

/// What the filters of a rule or backend change on the way through.
struct RouteFilters: Sendable {
  enum PathRewrite: Sendable, Hashable {
    case full(String)
    /// Replaces what the rule's `PathPrefix` matched.
    case prefix(String)
  }

  var requestHeaders = HeaderEdits()
  var responseHeaders = HeaderEdits()
  var hostname: String?
  var path: PathRewrite?
}

/// `set`, `add` and `remove` of a header modifier.
struct HeaderEdits: Sendable {
  var set: [(name: String, value: String)] = []
  var add: [(name: String, value: String)] = []
  var remove: [String] = []
}
