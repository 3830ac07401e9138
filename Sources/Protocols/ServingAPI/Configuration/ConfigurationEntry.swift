internal import Basics
internal import Formats
internal import KubeProtocol

/// One entry of the ConfigMap, or an object inside one, with typed access to its members. A null reads as
/// missing.
struct ConfigurationEntry {
  let key: String
  let json: JSONValue

  private init(key: String, json: JSONValue) {
    self.key = key
    self.json = json
  }

  /// Nil where the ConfigMap has no such key.
  init?(_ key: String, _ data: [String: String]) throws(ConfigurationError) {
    guard let text = data[key] else { return nil }
    do throws(JSONError) {
      json = try JSONValue(parsing: text, limits: JSONLimits(depth: 32, bytes: ByteCount.mebibyte))
    } catch {
      throw ConfigurationError(key: key, cause: error.description)
    }
    guard json.object != nil else {
      throw ConfigurationError(key: key, cause: "a JSON object is expected, not \(json.typeName)")
    }
    self.key = key
  }

  func text(_ name: String) throws(ConfigurationError) -> String? {
    switch json[name] {
    case nil, .null: return nil
    case .string(let text): return text
    case .some(let other): throw error(name, "a string is expected, not \(other.typeName)")
    }
  }

  /// Takes `"true"` and `"false"` too: some of upstream's flags are strings.
  func flag(_ name: String) throws(ConfigurationError) -> Bool? {
    switch json[name] {
    case nil, .null: return nil
    case .bool(let flag): return flag
    case .string("true"): return true
    case .string("false"), .string(""): return false
    case .some(let other): throw error(name, "a boolean is expected, not \(other.typeName)")
    }
  }

  /// Takes a text of digits too: some of upstream's numbers are strings.
  func integer(_ name: String) throws(ConfigurationError) -> Int64? {
    switch json[name] {
    case nil, .null, .string(""): return nil
    case .string(let text):
      guard let value = Int64(text) else { throw error(name, "\"\(text)\" is no whole number") }
      return value
    case .some(let value):
      guard let number = value.int else {
        throw error(name, "a whole number is expected, not \(value.typeName)")
      }
      return number
    }
  }

  func texts(_ name: String) throws(ConfigurationError) -> [String]? {
    guard let value = json[name], !value.isNull else { return nil }
    guard let elements = value.array else { throw error(name, "an array is expected, not \(value.typeName)") }
    var texts: [String] = []
    for element in elements {
      guard let text = element.string else { throw error(name, "an array of strings is expected") }
      texts.append(text)
    }
    return texts
  }

  func entry(_ name: String) throws(ConfigurationError) -> ConfigurationEntry? {
    guard let value = json[name], !value.isNull else { return nil }
    guard value.object != nil else { throw error(name, "an object is expected, not \(value.typeName)") }
    return ConfigurationEntry(key: "\(key).\(name)", json: value)
  }

  /// One of a closed list of words; the empty text reads as missing.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _ type: Choice.Type
  ) throws(ConfigurationError) -> Choice? where Choice.RawValue == String {
    guard let word = try text(name)?.nonEmpty else { return nil }
    guard let value = Choice(rawValue: word) else {
      throw error(name, "\"\(word)\" is none of \(type.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return value
  }

  /// A quantity of CPU or memory, as text; it must be one.
  func quantity(_ name: String) throws(ConfigurationError) -> String? {
    guard let text = try text(name) else { return nil }
    if !text.isEmpty && Quantity(text) == nil {
      throw error(name, "\"\(text)\" is no quantity, as 500m or 2Gi")
    }
    return text
  }

  func error(_ name: String, _ cause: String) -> ConfigurationError {
    ConfigurationError(key: "\(key).\(name)", cause: cause)
  }
}
