internal import Formats
internal import KubeProtocol

/// The paths of one kind with their operations, in either version of OpenAPI.
struct OpenAPIPaths: Sendable {
  enum Dialect: Sendable { case version2, version3 }

  private let definition: ResourceDefinition
  private let name: String
  private let dialect: Dialect

  private static let status = "io.k8s.apimachinery.pkg.apis.meta.v1.Status"

  init(_ definition: ResourceDefinition, name: String, dialect: Dialect) {
    self.definition = definition
    self.name = name
    self.dialect = dialect
  }

  var items: [(String, JSONValue)] {
    let resource = definition.resource
    let namespace = resource.isNamespaced ? "{namespace}" : nil
    let collection = resource.path(namespace: namespace)
    if definition.review != nil {
      return [(collection, item(["post": write("post", "create")], named: false))]
    }
    var list = JSONObject()
    list["get"] = read("list", name + "List")
    list["post"] = write("post", "create")
    list["delete"] = delete("deletecollection")
    let object = resource.path(namespace: namespace, name: "{name}")
    var items = [
      (collection, item(list, named: false)),
      (
        object,
        item(
          [
            "get": read("get", name), "put": write("put", "update"), "delete": delete("delete"),
            "patch": write("patch", "patch"),
          ], named: true)
      ),
    ]
    if resource.isNamespaced {
      items.append(
        (resource.path(), item(["get": read("list", name + "List")], named: false, isPlaced: false)))
    }
    if definition.hasStatus {
      items.append(
        (
          object + "/status",
          item(
            ["get": read("get", name), "put": write("put", "update"), "patch": write("patch", "patch")],
            named: true)
        ))
    }
    if definition.scale != nil {
      let scale = "io.k8s.api.autoscaling.v1.Scale"
      let kind = GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale")
      items.append(
        (
          object + "/scale",
          item(
            [
              "get": read("get", scale, kind), "put": write("put", "update", scale, kind),
              "patch": write("patch", "patch", scale, kind),
            ], named: true)
        ))
    }
    return items
  }

  private func item(_ operations: JSONObject, named: Bool, isPlaced: Bool = true) -> JSONValue {
    var item = operations
    var parameters: [JSONValue] = []
    if named { parameters.append(parameter("name", in: "path", required: true)) }
    if definition.resource.isNamespaced && isPlaced {
      parameters.append(parameter("namespace", in: "path", required: true))
    }
    if !parameters.isEmpty { item["parameters"] = .array(parameters) }
    return .object(item)
  }

  private func read(_ action: String, _ schema: String, _ kind: GroupVersionKind? = nil) -> JSONValue {
    var names: [(String, String)] = [("pretty", "string")]
    if action == "list" {
      names += [
        ("allowWatchBookmarks", "boolean"), ("continue", "string"), ("fieldSelector", "string"),
        ("labelSelector", "string"), ("limit", "integer"), ("resourceVersion", "string"),
        ("timeoutSeconds", "integer"), ("watch", "boolean"),
      ]
    }
    return operation(action, kind, names, body: nil, answer: schema)
  }

  private func write(
    _ method: String, _ action: String, _ schema: String? = nil, _ kind: GroupVersionKind? = nil
  ) -> JSONValue {
    var names = [
      ("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"), ("pretty", "string"),
    ]
    if method == "patch" { names.append(("force", "boolean")) }
    let body = method == "patch" ? "io.k8s.apimachinery.pkg.apis.meta.v1.Patch" : schema ?? name
    return operation(action, kind, names, body: body, answer: schema ?? name)
  }

  private func delete(_ action: String) -> JSONValue {
    operation(
      action, nil,
      [
        ("dryRun", "string"), ("gracePeriodSeconds", "integer"), ("orphanDependents", "boolean"),
        ("propagationPolicy", "string"),
      ], body: "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", answer: Self.status, requiresBody: false)
  }

  private func operation(
    _ action: String, _ kind: GroupVersionKind?, _ queries: [(String, String)], body: String?, answer: String,
    requiresBody: Bool = true
  ) -> JSONValue {
    let kind = kind ?? definition.resource.groupVersionKind
    var operation = JSONObject()
    var parameters = queries.map { parameter($0.0, in: "query", type: $0.1) }
    let schema: JSONValue = ["$ref": .string(prefix + answer)]
    switch dialect {
    case .version2:
      operation["consumes"] = .array(bodyTypes(action).map { .string($0) })
      operation["produces"] = ["application/json"]
      if let body {
        parameters.insert(
          [
            "name": "body", "in": "body", "required": .bool(requiresBody),
            "schema": ["$ref": .string(prefix + body)],
          ], at: 0)
      }
      operation["responses"] = ["200": ["description": "OK", "schema": schema]]
    case .version3:
      if let body {
        let content = bodyTypes(action).map { type -> (String, JSONValue) in
          (type, ["schema": ["$ref": .string(prefix + body)]])
        }
        operation["requestBody"] = ["content": .object(JSONObject(content)), "required": .bool(requiresBody)]
      }
      operation["responses"] = [
        "200": ["description": "OK", "content": ["application/json": ["schema": schema]]]
      ]
    }
    operation["parameters"] = .array(parameters)
    operation["x-kubernetes-action"] = .string(
      action == "create" ? "post" : action == "update" ? "put" : action)
    operation["x-kubernetes-group-version-kind"] = [
      "group": .string(kind.group), "kind": .string(kind.kind), "version": .string(kind.version),
    ]
    return .object(operation)
  }

  private var prefix: String { dialect == .version2 ? "#/definitions/" : "#/components/schemas/" }

  /// Clients choose the form of their patches by this list.
  private func bodyTypes(_ action: String) -> [String] {
    guard action == "patch" else { return ["*/*"] }
    return PatchType.served.filter { $0 != .strategicMerge || !definition.isCustom }.map(\.rawValue)
  }

  private func parameter(
    _ name: String, in place: String, type: String = "string", required: Bool = false
  ) -> JSONValue {
    var parameter: JSONValue = ["name": .string(name), "in": .string(place)]
    if required { parameter["required"] = true }
    if dialect == .version2 {
      parameter["type"] = .string(type)
      parameter["uniqueItems"] = true
    } else {
      parameter["schema"] = ["type": .string(type), "uniqueItems": true]
    }
    return parameter
  }
}

extension PatchType {
  static let served: [PatchType] = [.json, .merge, .strategicMerge, .apply]
}
