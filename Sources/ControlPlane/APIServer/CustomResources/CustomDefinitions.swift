internal import Basics
internal import Formats
internal import KubeProtocol

/// Registry rows out of CustomResourceDefinition objects.
enum CustomDefinitions {
  /// One row for each served version.
  static func rows(_ definition: KubeObject) throws -> [ResourceDefinition] {
    let spec = definition.spec ?? [:]
    let versions = spec["versions"]?.array ?? []
    let stored = versions.first { $0["storage"]?.bool == true }?["name"]?.string
    return try versions.filter { $0["served"]?.bool == true }.map { version in
      var row = try row(spec, version)
      row.storedVersion = versions.count > 1 ? stored : nil
      return row
    }
  }

  private static func row(_ spec: JSONValue, _ version: JSONValue) throws -> ResourceDefinition {
    let names = spec["names"] ?? [:]
    let kind = names["kind"]?.string ?? ""
    let resource = KubeResource(
      group: spec["group"]?.string ?? "", version: version["name"]?.string ?? "",
      plural: names["plural"]?.string ?? "", kind: kind, isNamespaced: spec["scope"]?.string != "Cluster")
    let status = version.at("subresources", "status")?.object != nil
    var row = ResourceDefinition(
      resource, shortNames: texts(names["shortNames"]), categories: texts(names["categories"]),
      schema: try rootSchema(version, resource), hasStatus: status, scale: scale(version),
      columns: try columns(version), strategy: ResourceStrategy(hasGeneration: true), isCustom: true)
    row.singular = names["singular"]?.string ?? kind.lowercased()
    row.listKind = names["listKind"]?.string ?? kind + "List"
    return row
  }

  /// The version's schema with the members that every object has, under its group, version and kind.
  private static func rootSchema(_ version: JSONValue, _ resource: KubeResource) throws -> Schema {
    let json = version.at("schema", "openAPIV3Schema") ?? ["type": "object"]
    let schema: Schema
    do {
      schema = try Schema(openAPIV3: json)
    } catch {
      throw KubeError(.internalError, "the schema of \(resource.qualifiedName) cannot be read: \(error)")
    }
    var parts = schema.parts
    parts.kind = .object
    parts.groupVersionKinds = [resource.groupVersionKind]
    var properties = parts.properties.filter { !["apiVersion", "kind", "metadata"].contains($0.name) }
    let text = Schema { $0.kind = .string }
    properties.insert(("apiVersion", text), at: 0)
    properties.insert(("kind", text), at: 1)
    properties.insert(("metadata", .reference(BuiltinSchemas.objectMeta)), at: 2)
    parts.properties = properties
    return Schema(parts)
  }

  private static func scale(_ version: JSONValue) -> ResourceDefinition.ScalePaths? {
    guard let scale = version.at("subresources", "scale"), scale.object != nil else { return nil }
    func path(_ name: String) -> [String] {
      (scale[name]?.string ?? "").split(separator: ".").map(String.init)
    }
    let selector = path("labelSelectorPath")
    return ResourceDefinition.ScalePaths(
      specReplicas: path("specReplicasPath"), statusReplicas: path("statusReplicasPath"),
      selector: selector.isEmpty ? nil : selector)
  }

  private static func columns(_ version: JSONValue) throws -> [TableColumn] {
    let wanted = version["additionalPrinterColumns"]?.array ?? []
    if wanted.isEmpty { return [] }
    return [.objectName] + (try wanted.map(column))
  }

  private static func column(_ json: JSONValue) throws -> TableColumn {
    let type = json["type"]?.string ?? "string"
    let path: JSONPath
    do {
      path = try JSONPath(json["jsonPath"]?.string ?? "")
    } catch {
      throw KubeError(.internalError, "a printer column cannot be used: \(error)")
    }
    return TableColumn(
      json["name"]?.string ?? "", type: type, format: json["format"]?.string ?? "",
      priority: Int(clamping: json["priority"]?.int ?? 0), description: json["description"]?.string ?? ""
    ) { object, now in
      guard let value = path.firstValue(in: object.json), !value.isNull else { return .null }
      return cell(value, type: type, now)
    }
  }

  /// As upstream's printer: the first result alone; a value of another type than the column's is left out.
  private static func cell(_ value: JSONValue, type: String, _ now: Timestamp) -> JSONValue {
    switch (type, value) {
    case ("date", _): .string(CellValues.age(value, now))
    case ("integer", .number), ("number", .number), ("boolean", .bool): value
    case ("integer", _), ("number", _), ("boolean", _): .null
    case (_, .string): value
    default: .string(value.encodedText)
    }
  }

  private static func texts(_ value: JSONValue?) -> [String] { (value?.array ?? []).compactMap(\.string) }
}
