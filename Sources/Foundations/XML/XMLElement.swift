/// One element of an XML document, names without their namespace prefixes.
public struct XMLElement: Sendable {
  public let name: String
  public let attributes: [Attribute]
  public internal(set) var children: [XMLElement] = []
  /// Character data directly inside, in document order.
  public internal(set) var text = ""

  public struct Attribute: Sendable {
    public let name: String
    public let value: String
  }

  public subscript(name: String) -> String? { attributes.first { $0.name == name }?.value }

  public func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }
  public func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}
