internal import Basics
internal import XML

/// Why a document cannot be served. Becomes a `ModelLoadError` that also names the file.
struct PMMLError: Error, Hashable {
  enum Kind: Hashable {
    case corrupt
    case unsupported
  }

  let kind: Kind
  /// What is wrong, as the second half of a sentence about the document.
  let reason: String

  init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  static func missing(_ attribute: String, in element: XMLElement) -> PMMLError {
    PMMLError(.corrupt, "its element \(element.name) lacks '\(attribute)'")
  }

  static func unsupported(_ what: String) -> PMMLError {
    PMMLError(.unsupported, "it uses \(what), which is not supported here")
  }
}

extension XMLReader {
  static func readPMML(_ bytes: Bytes) throws(PMMLError) -> XMLElement {
    do {
      return try read(bytes)
    } catch {
      throw PMMLError(.corrupt, error.description)
    }
  }
}

extension XMLElement {
  /// The children that are neither extensions nor of one of the named kinds.
  func others(than names: Set<String>) -> [XMLElement] {
    children.filter { $0.name != "Extension" && !names.contains($0.name) }
  }

  func required(_ name: String) throws(PMMLError) -> String {
    guard let value = self[name] else { throw .missing(name, in: self) }
    return value
  }

  /// The number in an attribute; nil where there is no such attribute.
  func number(_ name: String) throws(PMMLError) -> Double? {
    guard let text = self[name] else { return nil }
    guard let value = PMMLNumber.parse(text) else {
      throw PMMLError(.corrupt, "'\(name)' of its element \(self.name) is no number: '\(text.prefix(40))'")
    }
    return value
  }

  func requiredNumber(_ name: String) throws(PMMLError) -> Double {
    guard let value = try number(name) else { throw .missing(name, in: self) }
    return value
  }
}
