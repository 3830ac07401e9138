internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// `meta.k8s.io/v1 Table`: what `kubectl get` asks for and prints.
struct TableBuilder: Sendable {
  private let columns: [TableColumn]
  private let includesObject: Bool
  private let includesMetadata: Bool
  private let now: Timestamp

  init(_ definition: ResourceDefinition, _ request: KubeRequest, now: Timestamp) {
    columns = definition.columns.isEmpty ? [.objectName, .age] : definition.columns
    let included = request.queryValue("includeObject") ?? "Metadata"
    includesObject = included == "Object"
    includesMetadata = included != "None"
    self.now = now
  }

  func list(_ objects: [KubeObject], _ metadata: JSONValue) -> JSONValue {
    table(rows: objects.map(row), metadata)
  }

  /// - Parameter withColumns: false for later events of a watch, whose client knows the columns.
  func single(_ object: KubeObject, withColumns: Bool = true) -> JSONValue {
    table(
      rows: [row(object)], ["resourceVersion": .string(object.resourceVersion)], withColumns: withColumns)
  }

  private func table(rows: [JSONValue], _ metadata: JSONValue, withColumns: Bool = true) -> JSONValue {
    [
      "kind": "Table", "apiVersion": "meta.k8s.io/v1",
      "metadata": metadata,
      "columnDefinitions": .array(withColumns ? columns.map(\.definitionJSON) : []), "rows": .array(rows),
    ]
  }

  private func row(_ object: KubeObject) -> JSONValue {
    var row: JSONValue = ["cells": .array(columns.map { $0.cell(object, now) })]
    if includesObject {
      row["object"] = object.json
    } else if includesMetadata {
      row["object"] = PartialMetadata.single(object)
    }
    return row
  }
}
