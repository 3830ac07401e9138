internal import Formats
internal import KubeProtocol

/// Makes the OpenAPI documents out of the registry and the schemas that its kinds refer to.
struct OpenAPIBuilder: Sendable {
  private let registry: ResourceRegistry
  private let catalog = BuiltinSchemas.catalog

  init(_ registry: ResourceRegistry) { self.registry = registry }

  private static let information: JSONValue = [
    "title": "Kubernetes", "version": .string(APIServer.servedVersion),
  ]

  /// The document of all groups (OpenAPI 2, "Swagger").
  func version2() -> JSONValue {
    var paths = JSONObject()
    for definition in registry.definitions {
      for (path, item) in OpenAPIPaths(definition, name: Self.name(definition), dialect: .version2).items {
        paths[path] = item
      }
    }
    var definitions = JSONObject()
    for (name, schema) in schemas(registry.definitions) { definitions[name] = schema.openAPIV2JSON() }
    return [
      "swagger": "2.0", "info": Self.information, "paths": .object(paths),
      "definitions": .object(definitions),
    ]
  }

  /// The document of one group's version (OpenAPI 3).
  func version3(_ definitions: [ResourceDefinition]) -> JSONValue {
    var paths = JSONObject()
    for definition in definitions {
      for (path, item) in OpenAPIPaths(definition, name: Self.name(definition), dialect: .version3).items {
        paths[path] = item
      }
    }
    var components = JSONObject()
    for (name, schema) in schemas(definitions) { components[name] = schema.openAPIV3JSON() }
    return [
      "openapi": "3.0.0", "info": Self.information, "paths": .object(paths),
      "components": ["schemas": .object(components)],
    ]
  }

  /// A kind's definition name: the catalog's, or for custom kinds the reversed group, as upstream names them.
  static func name(_ definition: ResourceDefinition) -> String {
    if let reference = definition.schema.parts.reference { return reference }
    let resource = definition.resource
    let group = resource.group.split(separator: ".").reversed().joined(separator: ".")
    return "\(group).\(resource.version).\(resource.kind)"
  }

  /// Every schema that the kinds need, by name, sorted.
  private func schemas(_ definitions: [ResourceDefinition]) -> [(String, Schema)] {
    var found: [String: Schema] = [:]
    var pending: [String] = [
      "io.k8s.apimachinery.pkg.apis.meta.v1.Status", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
      "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta", "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent",
      "io.k8s.apimachinery.pkg.apis.meta.v1.Patch", "io.k8s.api.autoscaling.v1.Scale",
      "io.k8s.api.core.v1.Binding",
    ]
    for definition in definitions {
      let name = Self.name(definition)
      if definition.schema.parts.reference == nil {
        found[name] = definition.schema
        collect(definition.schema, &pending)
      } else {
        pending.append(name)
      }
      if definition.review == nil { found[name + "List"] = Self.listSchema(definition, name) }
    }
    while let name = pending.popLast() {
      guard found[name] == nil else { continue }
      let schema = catalog.definitions[name] ?? Schema { $0.preservesUnknownFields = true }
      found[name] = schema
      collect(schema, &pending)
    }
    return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private func collect(_ schema: Schema, _ names: inout [String]) {
    let parts = schema.parts
    if let reference = parts.reference { names.append(reference) }
    for property in parts.properties { collect(property.schema, &names) }
    if let items = parts.items { collect(items, &names) }
    if let additional = parts.additionalProperties { collect(additional, &names) }
    for child in parts.allOf + parts.anyOf + parts.oneOf { collect(child, &names) }
    if let refused = parts.not { collect(refused, &names) }
  }

  private static func listSchema(_ definition: ResourceDefinition, _ name: String) -> Schema {
    let text = Schema { $0.kind = .string }
    let resource = definition.resource
    return Schema { parts in
      parts.kind = .object
      parts.properties = [
        ("apiVersion", text),
        (
          "items",
          Schema {
            $0.kind = .array
            $0.items = .reference(name)
          }
        ),
        ("kind", text),
        ("metadata", .reference("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta")),
      ]
      parts.required = ["items"]
      parts.groupVersionKinds = [
        GroupVersionKind(group: resource.group, version: resource.version, kind: definition.listKind)
      ]
    }
  }
}
