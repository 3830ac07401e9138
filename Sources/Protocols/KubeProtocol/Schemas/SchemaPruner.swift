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
    run.prune(&value, schema, isResource: path.isEmpty)
    return run.unknown
  }

  private struct Run {
    let catalog: SchemaCatalog
    var path: FieldPath
    var unknown: [String] = []

    mutating func prune(_ value: inout JSONValue, _ unresolved: Schema, isResource: Bool = false) {
      let schema = catalog.resolve(unresolved)
      guard path.depth < SchemaValidationRun.maximumDepth, !schema.acceptsAnything else { return }
      switch value {
      case .array(var elements):
        guard let items = schema.parts.items else { return }
        value = .null
        for index in elements.indices {
          path.push(index)
          prune(&elements[index], items)
          path.pop()
        }
        value = .array(elements)
      case .object(let object):
        value = .null
        value = .object(pruned(object, schema, isResource: isResource || schema.parts.isEmbeddedResource))
      default: break
      }
    }

    private mutating func pruned(_ object: JSONObject, _ schema: Schema, isResource: Bool) -> JSONObject {
      let keepsUnknown = schema.parts.preservesUnknownFields || schema.parts.isIntOrString
      var result = JSONObject()
      for (key, value) in object.members {
        var kept = value
        path.push(key)
        if isResource && key == "metadata" && schema.property(key)?.parts.reference == nil {
          if let metadata = schema.metadataSchema(catalog) { prune(&kept, metadata) }
          result[key] = kept
        } else if let property = schema.property(key) ?? schema.parts.additionalProperties {
          prune(&kept, property)
          result[key] = kept
        } else if keepsUnknown || (isResource && ["apiVersion", "kind", "metadata"].contains(key)) {
          result[key] = kept
        } else if unknown.count < SchemaPruner.maximumPaths {
          unknown.append(path.text)
        }
        path.pop()
      }
      return result
    }
  }
}
