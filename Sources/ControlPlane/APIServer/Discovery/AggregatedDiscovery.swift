internal import Formats
internal import KubeClient
internal import KubeProtocol

/// `APIGroupDiscoveryList`: all groups, versions and resources in one document.
enum AggregatedDiscovery {
  /// `v2` or `v2beta1`, the first that the client takes; nil where it wants the plain documents.
  static func version(accept: String) -> String? {
    guard accept.contains("APIGroupDiscoveryList") else { return nil }
    for alternative in accept.split(separator: ",") {
      let parts = alternative.split(separator: ";").map { $0.filter { $0 != " " } }
      guard parts.first == "application/json" else { continue }
      guard parts.contains("as=APIGroupDiscoveryList"), parts.contains("g=apidiscovery.k8s.io") else {
        return nil
      }
      if let version = ["v2", "v2beta1"].first(where: { parts.contains("v=\($0)") }) { return version }
    }
    return nil
  }

  /// - Parameter isCore: `/api` rather than `/apis`.
  static func response(isCore: Bool, _ version: String, _ registry: ResourceRegistry) -> KubeResponse {
    let groups: [(name: String, versions: [String])] = isCore ? [("", ["v1"])] : registry.groups
    let document: JSONValue = [
      "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"),
      "metadata": [:], "items": .array(groups.map { group($0.name, $0.versions, registry) }),
    ]
    return KubeResponse(
      status: 200,
      body: .bytes(
        document.encoded(),
        contentType: "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"))
  }

  private static func group(
    _ name: String, _ versions: [String], _ registry: ResourceRegistry
  ) -> JSONValue {
    [
      "metadata": name.isEmpty
        ? ["creationTimestamp": .null] : ["name": .string(name), "creationTimestamp": .null],
      "versions": .array(
        versions.map { version in
          [
            "version": .string(version), "freshness": "Current",
            "resources": .array(
              registry.definitions(group: name, version: version).map { resource($0) }),
          ]
        }),
    ]
  }

  private static func resource(_ definition: ResourceDefinition) -> JSONValue {
    let entries = Discovery.entries(definition)
    let own = definition.resource
    guard let main = entries.first else { return [:] }
    var json: JSONValue = [
      "resource": main["name"] ?? "", "responseKind": kind(own.groupVersionKind),
      "scope": own.isNamespaced ? "Namespaced" : "Cluster", "singularResource": main["singularName"] ?? "",
      "verbs": main["verbs"] ?? [],
    ]
    for key in ["shortNames", "categories"] { json[key] = main[key] }
    let parts = entries.dropFirst().map { entry -> JSONValue in
      let name = (entry["name"]?.string ?? "").split(separator: "/").last.map(String.init) ?? ""
      return [
        "subresource": .string(name),
        "responseKind": kind(
          GroupVersionKind(
            group: entry["group"]?.string ?? own.group, version: entry["version"]?.string ?? own.version,
            kind: entry["kind"]?.string ?? "")), "verbs": entry["verbs"] ?? [],
      ]
    }
    if !parts.isEmpty { json["subresources"] = .array(Array(parts)) }
    return json
  }

  private static func kind(_ kind: GroupVersionKind) -> JSONValue {
    ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
  }
}
