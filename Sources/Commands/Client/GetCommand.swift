internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// `apus get TYPE [NAME…] [-o wide|yaml|json|name|jsonpath=…] [-A] [-l SELECTOR]`.
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
      guard let type = parsed.positional.first else {
        throw UsageError(message: "name a type: apus get isvc")
      }
      // `type/name` and `type name…` are the same.
      let slashed = type.split(separator: "/", maxSplits: 1).map(String.init)
      let names = Array(slashed.dropFirst()) + parsed.positional.dropFirst()
      let resource = try await mapper.resource(named: slashed.first ?? type)
      let request = GetRequest(
        resource: resource, names: names, namespace: parsed.has("all-namespaces") ? nil : session.namespace,
        selector: parsed.value("selector"))
      StandardStreams.write(
        try await output(request, format: parsed.value("output") ?? "", client: session.client))
      return 0
    }
  }

  private static func output(_ request: GetRequest, format: String, client: KubeClient) async throws -> String
  {
    switch format {
    case "", "wide":
      let tables = try await request.tables(client)
      guard tables.contains(where: { !$0.rows.isEmpty }) else {
        StandardStreams.writeError("No resources found in \(request.namespace ?? "any") namespace.\n")
        return ""
      }
      return TableText.render(tables, isWide: format == "wide", showsNamespace: request.namespace == nil)
    case "yaml": return YAML.text(try await request.document(client))
    case "json": return try await request.document(client).prettyText(indent: 4) + "\n"
    case "name":
      return try await request.objects(client).map { "\(request.resource.singularLabel)/\($0.name)\n" }
        .joined()
    default:
      guard format.hasPrefix("jsonpath=") else {
        throw UsageError(message: "unknown output '\(format)': use wide, yaml, json, name or jsonpath=…")
      }
      let template = try OutputTemplate(String(format.dropFirst("jsonpath=".count)))
      return try template.render(try await request.document(client)) + "\n"
    }
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

  /// One object as it is; several as a `List`.
  func document(_ client: KubeClient) async throws -> JSONValue {
    let objects = try await objects(client)
    if names.count == 1, let only = objects.first { return only.json }
    return ["apiVersion": "v1", "kind": "List", "metadata": [:], "items": .array(objects.map(\.json))]
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
