/// One element of an XML document, names without their namespace prefixes.
struct XMLElement: Sendable {
  let name: String
  let attributes: [Attribute]
  var children: [XMLElement] = []
  /// Character data directly inside, in document order.
  var text = ""

  struct Attribute: Sendable {
    let name: String
    let value: String
  }

  subscript(name: String) -> String? { attributes.first { $0.name == name }?.value }

  func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }
  func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

  /// The children that are neither extensions nor of one of the named kinds.
  func others(than names: Set<String>) -> [XMLElement] {
    children.filter { $0.name != "Extension" && !names.contains($0.name) }
  }
}
