public import Formats

/// Removes the fields that a schema does not know, and names them.
///
/// Kept are: anything under `x-kubernetes-preserve-unknown-fields` that has no schema of its own, and
/// `apiVersion`, `kind` and `metadata` of whole objects and embedded ones. Recursion follows the value.
public struct SchemaPruner: Sendable {
  private let schema: Schema
  private let catalog: SchemaCatalog

  /// The most paths that a result lists; more fields than that are removed all the same.
  public static let maximumPaths = 100

  public init(schema: Schema, catalog: SchemaCatalog) {
    self.schema = schema
    self.catalog = catalog
  }

  /// - Returns: the paths of the removed fields, `spec.containers[0].imagee`, in the order in which they
  ///   stand.
  public func prune(_ value: inout JSONValue, at path: String = "") -> [String] {
    var run = Run(catalog: catalog, path: FieldPath(path))
    if let pruned = run.pruned(value, schema, isResource: path.isEmpty) { value = pruned }
    return run.unknown
  }

  private struct Run {
    let catalog: SchemaCatalog
    var path: FieldPath
    var unknown: [String] = []

    /// Nil where nothing has to go: the value's parts stay shared with whoever has them too.
    mutating func pruned(
      _ value: JSONValue, _ unresolved: Schema, isResource: Bool = false
    ) -> JSONValue? {
      guard path.depth < SchemaValidationRun.maximumDepth else { return nil }
      switch value {
      case .array(let elements):
        let schema = catalog.resolve(unresolved)
        guard !schema.acceptsAnything, let items = schema.parts.items else { return nil }
        var result = elements
        var differs = false
        for (index, element) in elements.enumerated() {
          path.push(index)
          if let new = pruned(element, items) {
            result[index] = new
            differs = true
          }
          path.pop()
        }
        return differs ? .array(result) : nil
      case .object(let object):
        let schema = catalog.resolve(unresolved)
        guard !schema.acceptsAnything else { return nil }
        return pruned(object, schema, isResource: isResource || schema.parts.isEmbeddedResource)
          .map(JSONValue.object)
      default: return nil
      }
    }

    private mutating func pruned(_ object: JSONObject, _ schema: Schema, isResource: Bool) -> JSONObject? {
      let keepsUnknown = schema.parts.preservesUnknownFields || schema.parts.isIntOrString
      var result = object
      var differs = false
      for (key, value) in object.members {
        path.push(key)
        var new: JSONValue?
        if isResource && key == "metadata" && schema.property(key)?.parts.reference == nil {
          if let metadata = schema.metadataSchema(catalog) { new = pruned(value, metadata) }
        } else if let property = schema.property(key) ?? schema.parts.additionalProperties {
          new = pruned(value, property)
        } else if !keepsUnknown && !(isResource && ["apiVersion", "kind", "metadata"].contains(key)) {
          // Beyond so many it goes all the same; it is only not told.
          if unknown.count < SchemaPruner.maximumPaths { unknown.append(path.text) }
          result.removeValue(forKey: key)
          differs = true
        }
        if let new {
          result[key] = new
          differs = true
        }
        path.pop()
      }
      return differs ? result : nil
    }
  }
}
