internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// `apus get TYPE[,TYPE…] [NAME…] [-o wide|yaml|json|name|jsonpath=…] [-A] [-l SELECTOR]`.
enum GetCommand {
  static let verb = Verb.reporting("get", "show objects: TYPE [NAME] [-o wide|yaml|json|name|jsonpath=…]") {
    arguments in
    let parsed = try Arguments(
      arguments,
      grammar: ClientSession.grammar(
        options: ["output", "selector"], switches: ["all-namespaces"],
        short: ["o": "output", "l": "selector", "A": "all-namespaces"]))
    return try await ClientSession.with(parsed) { session in
      var mapper = ResourceMapper(client: session.client)
      var requests: [GetRequest] = []
      for (type, names) in try wishes(parsed.positional) {
        for resource in try await mapper.resources(named: type) {
          requests.append(
            GetRequest(
              resource: resource, names: names,
              namespace: parsed.has("all-namespaces") || !resource.isNamespaced ? nil : session.namespace,
              selector: parsed.value("selector")))
        }
      }
      StandardStreams.write(
        try await output(
          requests, place: parsed.has("all-namespaces") ? "any" : session.namespace,
          format: parsed.value("output") ?? "", client: session.client))
      return 0
    }
  }

  /// `type name…`, `type,type`, or `type/name…`: types with the names that are wanted of them.
  static func wishes(_ words: [String]) throws -> [(type: String, names: [String])] {
    guard let first = words.first else { throw UsageError(message: "name a type: apus get isvc") }
    let slashed = words.map { $0.split(separator: "/", maxSplits: 1).map(String.init) }
    if slashed.allSatisfy({ $0.count == 2 }) { return slashed.map { ($0[0], [$0[1]]) } }
    if let mixed = words.first(where: { $0.contains("/") }) {
      throw UsageError(message: "'\(mixed)': write TYPE NAME… or TYPE/NAME…, not both at once")
    }
    let types = first.split(separator: ",").map(String.init)
    guard !types.isEmpty else { throw UsageError(message: "name a type: apus get isvc") }
    return types.map { ($0, Array(words.dropFirst())) }
  }

  private static func output(
    _ requests: [GetRequest], place: String, format: String, client: KubeClient
  ) async throws -> String {
    switch format {
    case "", "wide":
      var texts: [String] = []
      for request in requests {
        let tables = try await request.tables(client)
        guard tables.contains(where: { !$0.rows.isEmpty }) else { continue }
        let label = requests.count > 1 ? request.resource.singularLabel + "/" : ""
        texts.append(
          TableText.render(
            tables.map { $0.named(label) }, isWide: format == "wide",
            showsNamespace: place == "any" && request.resource.isNamespaced))
      }
      if texts.isEmpty { StandardStreams.writeError("No resources found in \(place) namespace.\n") }
      return texts.joined(separator: "\n")
    case "yaml": return YAML.text(try await document(requests, client))
    case "json": return try await document(requests, client).prettyText(indent: 4) + "\n"
    case "name":
      var names = ""
      for request in requests {
        for object in try await request.objects(client) {
          names += "\(request.resource.singularLabel)/\(object.name)\n"
        }
      }
      return names
    default:
      guard format.hasPrefix("jsonpath=") else {
        throw UsageError(message: "unknown output '\(format)': use wide, yaml, json, name or jsonpath=…")
      }
      let template = try OutputTemplate(String(format.dropFirst("jsonpath=".count)))
      return try template.render(try await document(requests, client)) + "\n"
    }
  }

  /// One object that was asked for by its name as it is; several as a `List`. Without who wrote which field.
  private static func document(_ requests: [GetRequest], _ client: KubeClient) async throws -> JSONValue {
    var objects: [JSONValue] = []
    for request in requests {
      for object in try await request.objects(client) {
        var json = object.json
        json.set(nil, at: "metadata", "managedFields")
        objects.append(json)
      }
    }
    if requests.count == 1, requests[0].names.count == 1, let only = objects.first { return only }
    return ["apiVersion": "v1", "kind": "List", "metadata": [:], "items": .array(objects)]
  }
}

/// What `apus get` asks the server for.
struct GetRequest {
  let resource: KubeResource
  let names: [String]
  /// Nil for all namespaces.
  let namespace: String?
  let selector: String?

  func objects(_ client: KubeClient) async throws -> [KubeObject] {
    if names.isEmpty {
      return try await client.list(resource, namespace: namespace, labelSelector: selector).items
    }
    var objects: [KubeObject] = []
    for name in names { objects.append(try await client.get(resource, namespace: namespace, name: name)) }
    return objects
  }

  /// The server's own tables, one per request.
  func tables(_ client: KubeClient) async throws -> [Table] {
    var query: [(name: String, value: String)] = []
    if let selector { query.append(("labelSelector", selector)) }
    let paths =
      names.isEmpty
      ? [resource.path(namespace: namespace)] : names.map { resource.path(namespace: namespace, name: $0) }
    var tables: [Table] = []
    for path in paths {
      let json = try await client.json(
        .init(
          method: "GET", path: path, query: query,
          accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"))
      tables.append(Table(json: json))
    }
    return tables
  }
}
