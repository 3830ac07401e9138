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

  public func applyDefaults(to value: inout JSONValue) {
    if let filled = filled(value, schema, depth: 0, insideDefault: 0) { value = filled }
  }

  /// Nil where nothing is missing: the value's parts stay shared with whoever has them too.
  private func filled(
    _ value: JSONValue, _ unresolved: Schema, depth: Int, insideDefault: Int
  ) -> JSONValue? {
    guard depth < SchemaValidationRun.maximumDepth, insideDefault < Self.maximumDefaultDepth else {
      return nil
    }
    let deeper = insideDefault == 0 ? 0 : insideDefault + 1
    switch value {
    case .array(let elements):
      guard let items = catalog.resolve(unresolved).parts.items else { return nil }
      var result = elements
      var differs = false
      for (index, element) in elements.enumerated() {
        guard let new = filled(element, items, depth: depth + 1, insideDefault: deeper) else { continue }
        result[index] = new
        differs = true
      }
      return differs ? .array(result) : nil
    case .object(let object):
      return filled(object, catalog.resolve(unresolved), depth: depth, insideDefault: deeper)
        .map(JSONValue.object)
    default: return nil
    }
  }

  private func filled(
    _ object: JSONObject, _ schema: Schema, depth: Int, insideDefault: Int
  ) -> JSONObject? {
    var result = object
    var differs = false
    var done: Set<String> = []
    for (name, property) in schema.parts.properties {
      let member = object[name]
      if let member, !(member.isNull && !isNullable(property)) { continue }
      let value = defaultValue(of: property)
      if member == nil && value == nil { continue }
      result[name] = value.map {
        filled($0, property, depth: depth + 1, insideDefault: insideDefault + 1) ?? $0
      }
      done.insert(name)
      differs = true
    }
    for (key, member) in object.members where !done.contains(key) {
      let own = schema.property(key)
      guard let property = own ?? schema.parts.additionalProperties else { continue }
      var new: JSONValue?
      if member.isNull, own == nil, !isNullable(property) { new = defaultValue(of: property) }
      new = filled(new ?? member, property, depth: depth + 1, insideDefault: insideDefault) ?? new
      guard let new else { continue }
      result[key] = new
      differs = true
    }
    return differs ? result : nil
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
