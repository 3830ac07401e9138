internal import Formats
internal import KubeProtocol

/// The documents that say which groups, versions and resources there are.
enum Discovery {
  /// `/api`.
  static let coreVersions: JSONValue = [
    "kind": "APIVersions", "versions": ["v1"],
    "serverAddressByClientCIDRs": [],
  ]

  /// `/apis`.
  static func groups(_ registry: ResourceRegistry) -> JSONValue {
    [
      "kind": "APIGroupList", "apiVersion": "v1",
      "groups": .array(registry.groups.map { groupJSON($0.name, $0.versions) }),
    ]
  }

  /// `/apis/<group>`; nil where there is no such group.
  static func group(_ name: String, _ registry: ResourceRegistry) -> JSONValue? {
    guard let group = registry.groups.first(where: { $0.name == name }) else { return nil }
    var json = groupJSON(group.name, group.versions)
    json["kind"] = "APIGroup"
    json["apiVersion"] = "v1"
    return json
  }

  /// `/api/v1`, `/apis/<group>/<version>`; nil where there is no such version.
  static func resources(group: String, version: String, _ registry: ResourceRegistry) -> JSONValue? {
    let definitions = registry.definitions(group: group, version: version)
    if definitions.isEmpty { return nil }
    let apiVersion = GroupVersionKind(group: group, version: version, kind: "").apiVersion
    return [
      "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(apiVersion),
      "resources": .array(definitions.flatMap(entries)),
    ]
  }

  private static func groupJSON(_ name: String, _ versions: [String]) -> JSONValue {
    func version(_ version: String) -> JSONValue {
      ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
    }
    return [
      "name": .string(name), "versions": .array(versions.map(version)),
      "preferredVersion": version(versions.first ?? ""),
    ]
  }

  /// The resource and its subresources.
  static func entries(_ definition: ResourceDefinition) -> [JSONValue] {
    let resource = definition.resource
    var main: JSONValue = [
      "name": .string(resource.plural), "singularName": .string(definition.singular),
      "namespaced": .bool(resource.isNamespaced), "kind": .string(resource.kind),
      "verbs": .array(definition.verbs.map { .string($0) }),
    ]
    if !definition.shortNames.isEmpty {
      main["shortNames"] = .array(definition.shortNames.map { .string($0) })
    }
    if !definition.categories.isEmpty {
      main["categories"] = .array(definition.categories.map { .string($0) })
    }
    var entries = [main]
    func add(_ name: String, _ kind: GroupVersionKind, _ verbs: [JSONValue], foreign: Bool = false) {
      var entry: JSONValue = [
        "name": .string("\(resource.plural)/\(name)"), "singularName": "",
        "namespaced": .bool(resource.isNamespaced), "kind": .string(kind.kind), "verbs": .array(verbs),
      ]
      if foreign {
        entry["group"] = .string(kind.group)
        entry["version"] = .string(kind.version)
      }
      entries.append(entry)
    }
    let changing: [JSONValue] = ["get", "patch", "update"]
    for connection in definition.connections {
      switch connection {
      case "log": add("log", resource.groupVersionKind, ["get"])
      case "binding": add("binding", GroupVersionKind(group: "", version: "v1", kind: "Binding"), ["create"])
      case "exec", "attach", "portforward":
        let kind =
          connection == "exec"
          ? "PodExecOptions" : connection == "attach" ? "PodAttachOptions" : "PodPortForwardOptions"
        add(connection, GroupVersionKind(group: "", version: "v1", kind: kind), ["create", "get"])
      case "token":
        add(
          "token", GroupVersionKind(group: "authentication.k8s.io", version: "v1", kind: "TokenRequest"),
          ["create"], foreign: true)
      default: break
      }
    }
    if resource == .namespaces { add("finalize", resource.groupVersionKind, ["update"]) }
    if definition.scale != nil {
      add(
        "scale", GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale"), changing, foreign: true
      )
    }
    if definition.hasStatus { add("status", resource.groupVersionKind, changing) }
    return entries
  }
}
