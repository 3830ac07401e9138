internal import Formats

/// Whether the members of an object's metadata have the types that everything else relies on: a wrong one
/// would else be taken for one that is missing.
enum MetadataTypes {
  private static let texts = ["name", "generateName", "namespace", "uid", "resourceVersion"]

  /// The first wrong type, in the words of Go's decoder; nil where there is none. `null` is no value.
  static func problem(_ metadata: JSONValue) -> String? {
    for key in texts {
      if let problem = mismatch(metadata[key], key, "string", isRight: { $0.string != nil }) {
        return problem
      }
    }
    for key in ["labels", "annotations"] {
      if let problem = mismatch(metadata[key], key, "map[string]string", isRight: { $0.object != nil }) {
        return problem
      }
      for (_, value) in metadata[key]?.object ?? [:] {
        if let problem = mismatch(value, key, "string", isRight: { $0.string != nil }) { return problem }
      }
    }
    let list = metadata["finalizers"]
    if let problem = mismatch(list, "finalizers", "[]string", isRight: { $0.array != nil }) { return problem }
    for value in list?.array ?? [] {
      if let problem = mismatch(value, "finalizers", "string", isRight: { $0.string != nil }) {
        return problem
      }
    }
    return nil
  }

  private static func mismatch(
    _ value: JSONValue?, _ key: String, _ type: String, isRight: (JSONValue) -> Bool
  ) -> String? {
    guard let value, !value.isNull, !isRight(value) else { return nil }
    return "json: cannot unmarshal \(goName(value)) into Go struct field ObjectMeta.metadata.\(key) of type"
      + " \(type)"
  }

  private static func goName(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool: "bool"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}
