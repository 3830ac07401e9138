public import Formats

/// Fills in the defaults of a schema, as Kubernetes does for custom resources: a default goes where its own
/// field is missing (or null without being nullable); absent objects are not made for the sake of defaults
/// inside them. Nulls of fields that are not nullable and have no default are removed.
///
/// Bounded: recursion follows the value; defaults that bring further defaults stop 16 levels deep.
public struct SchemaDefaulter: Sendable {
  private let schema: Schema
  private let catalog: SchemaCatalog

  static let maximumDefaultDepth = 16

  public init(schema: Schema, catalog: SchemaCatalog) {
    self.schema = schema
    self.catalog = catalog
  }

  public func applyDefaults(to value: inout JSONValue) { fill(&value, schema, depth: 0, insideDefault: 0) }

  private func fill(_ value: inout JSONValue, _ unresolved: Schema, depth: Int, insideDefault: Int) {
    let schema = catalog.resolve(unresolved)
    guard depth < SchemaValidationRun.maximumDepth, insideDefault < Self.maximumDefaultDepth else { return }
    let deeper = insideDefault == 0 ? 0 : insideDefault + 1
    switch value {
    case .array(var elements):
      guard let items = schema.parts.items else { return }
      value = .null
      for index in elements.indices { fill(&elements[index], items, depth: depth + 1, insideDefault: deeper) }
      value = .array(elements)
    case .object(var object):
      value = .null
      fillMembers(&object, schema, depth: depth, insideDefault: deeper)
      value = .object(object)
    default: break
    }
  }

  private func fillMembers(_ object: inout JSONObject, _ schema: Schema, depth: Int, insideDefault: Int) {
    var filledNames: Set<String> = []
    for (name, property) in schema.parts.properties {
      if let member = object[name], !(member.isNull && !isNullable(property)) { continue }
      guard let value = defaultValue(of: property) else {
        object.removeValue(forKey: name)
        continue
      }
      var filled = value
      fill(&filled, property, depth: depth + 1, insideDefault: insideDefault + 1)
      object[name] = filled
      filledNames.insert(name)
    }
    for key in object.keys where !filledNames.contains(key) {
      let additional = schema.property(key) == nil ? schema.parts.additionalProperties : nil
      guard let property = schema.property(key) ?? additional, var member = object[key] else { continue }
      if member.isNull, additional != nil, !isNullable(property), let value = defaultValue(of: property) {
        member = value
      }
      switch member {
      case .object, .array:
        object[key] = .null
        fill(&member, property, depth: depth + 1, insideDefault: insideDefault)
      default: break
      }
      object[key] = member
    }
  }

  private func defaultValue(of property: Schema) -> JSONValue? {
    property.parts.defaultValue ?? catalog.resolve(property).parts.defaultValue
  }

  private func isNullable(_ property: Schema) -> Bool {
    if property.parts.isNullable { return true }
    let resolved = catalog.resolve(property)
    return resolved.parts.isNullable || resolved.acceptsAnything
  }
}
