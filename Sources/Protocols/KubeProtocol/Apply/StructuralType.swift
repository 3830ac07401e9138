internal import Formats

/// What the schema says of the structure at one place of an object: which values are one piece, and what
/// tells the elements of a list apart.
struct StructuralType {
  /// Of the value's schema, references followed; nil where nothing is known.
  private let schema: Schema?
  private let catalog: SchemaCatalog
  /// The list type of the field itself stands beside a reference; that of a definition within it.
  private let declared: Schema?

  init(_ schema: Schema?, _ catalog: SchemaCatalog) {
    declared = schema
    self.schema = schema.map(catalog.resolve)
    self.catalog = catalog
  }

  /// Objects of one piece: references, selectors.
  var isAtomicMap: Bool { declared?.parts.isAtomicMap == true || schema?.parts.isAtomicMap == true }

  /// Lists without a list type are of one piece.
  var isAtomicList: Bool {
    switch listType {
    case "map", "set": false
    default: true
    }
  }

  private var listType: String? { declared?.parts.listType ?? schema?.parts.listType }

  private var mapKeys: [String] {
    let own = declared?.parts.listMapKeys ?? []
    return own.isEmpty ? schema?.parts.listMapKeys ?? [] : own
  }

  /// Whether the schema names the field: fields of a structure are owned by what is in them, keys of a map
  /// by themselves.
  func declares(_ field: String) -> Bool { schema?.property(field) != nil }

  func field(_ name: String) -> StructuralType {
    StructuralType(schema?.property(name) ?? schema?.parts.additionalProperties, catalog)
  }

  var element: StructuralType { StructuralType(schema?.parts.items, catalog) }

  func child(_ element: FieldElement) -> StructuralType {
    if case .field(let name) = element { return field(name) }
    return self.element
  }

  /// What names an element of this list; nil where it has none of the keys.
  func identity(_ value: JSONValue) -> FieldElement? {
    if listType == "set" { return .value(value) }
    var members: [(name: String, value: JSONValue)] = []
    for key in mapKeys {
      if let own = value[key], !own.isNull {
        members.append((key, own))
      } else if let value = element.field(key).defaultValue {
        members.append((key, value))
      }
    }
    return members.isEmpty ? nil : .key(FieldElement.Key(members))
  }

  private var defaultValue: JSONValue? { declared?.parts.defaultValue ?? schema?.parts.defaultValue }

  /// The elements of a list that is no atomic one, by what names them. Of several with one name the first
  /// counts; elements without a name are left out.
  func elements(_ values: [JSONValue]) -> (order: [FieldElement], values: [FieldElement: JSONValue]) {
    var order: [FieldElement] = []
    var found: [FieldElement: JSONValue] = [:]
    for value in values {
      guard let identity = identity(value) else { continue }
      if found.updateValue(found[identity] ?? value, forKey: identity) == nil { order.append(identity) }
    }
    return (order, found)
  }
}
