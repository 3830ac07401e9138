internal import Formats
internal import KubeProtocol

/// One rule of a role: what it lets its holders do.
struct PolicyRule: Sendable, Hashable {
  var verbs: [String]
  var groups: [String]
  var resources: [String]
  var names: [String]
  var paths: [String]

  init(_ json: JSONValue) {
    func texts(_ key: String) -> [String] { (json[key]?.array ?? []).compactMap(\.string) }
    verbs = texts("verbs")
    groups = texts("apiGroups")
    resources = texts("resources")
    names = texts("resourceNames")
    paths = texts("nonResourceURLs")
  }

  func allows(_ wanted: AccessAttributes) -> Bool {
    guard verbs.contains("*") || verbs.contains(wanted.verb) else { return false }
    guard wanted.isResource else { return paths.contains { Self.matches($0, path: wanted.path) } }
    guard groups.contains("*") || groups.contains(wanted.group) else { return false }
    guard resources.contains(where: { Self.matches($0, wanted) }) else { return false }
    return names.isEmpty || names.contains(wanted.name)
  }

  /// `*`, `pods`, `pods/log`, `*/scale`.
  private static func matches(_ resource: String, _ wanted: AccessAttributes) -> Bool {
    if resource == "*" || resource == wanted.qualifiedResource { return true }
    return !wanted.subresource.isEmpty && resource == "*/\(wanted.subresource)"
  }

  private static func matches(_ pattern: String, path: String) -> Bool {
    if pattern == "*" || pattern == path { return true }
    return pattern.hasSuffix("*") && path.hasPrefix(String(pattern.dropLast()))
  }

  /// What an administrator holds.
  static let everything = [
    PolicyRule(["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]),
    PolicyRule(["verbs": ["*"], "nonResourceURLs": ["*"]]),
  ]

  /// How many requests the rule stands for.
  var requestCount: Int {
    let factors =
      paths.isEmpty
      ? [verbs.count, groups.count, resources.count, max(names.count, 1)]
      : [verbs.count, paths.count]
    return factors.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1 }
  }

  /// The rule as requests: whoever may do all of them holds the rule.
  func requests(namespace: String) -> [AccessAttributes] {
    verbs.flatMap { verb -> [AccessAttributes] in
      if !paths.isEmpty { return paths.map { AccessAttributes(verb: verb, path: $0) } }
      return groups.flatMap { group in
        resources.flatMap { resource -> [AccessAttributes] in
          let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
          return (names.isEmpty ? [""] : names).map { name in
            AccessAttributes(
              verb: verb, group: group, resource: parts.first ?? "",
              subresource: parts.count > 1 ? parts[1] : "", namespace: namespace, name: name)
          }
        }
      }
    }
  }

  var json: JSONValue {
    func texts(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
    if !paths.isEmpty { return ["verbs": texts(verbs), "nonResourceURLs": texts(paths)] }
    var json: JSONValue = [
      "verbs": texts(verbs), "apiGroups": texts(groups), "resources": texts(resources),
    ]
    if !names.isEmpty { json["resourceNames"] = texts(names) }
    return json
  }
}
