internal import Formats

extension JSONPatch {
  /// The operations that make one document of another: objects member by member, anything else as a whole.
  /// None where the two are equal.
  static func difference(from old: JSONValue, to new: JSONValue) -> [JSONValue] {
    var operations: [JSONValue] = []
    compare(old, new, at: [], into: &operations)
    return operations
  }

  private static func compare(
    _ old: JSONValue, _ new: JSONValue, at path: [String], into operations: inout [JSONValue]
  ) {
    guard case .object(let before) = old, case .object(let after) = new else {
      if old != new { operations.append(operation("replace", path, new)) }
      return
    }
    for key in before.keys where after[key] == nil { operations.append(operation("remove", path + [key])) }
    for (key, value) in after {
      if let existing = before[key] {
        compare(existing, value, at: path + [key], into: &operations)
      } else {
        operations.append(operation("add", path + [key], value))
      }
    }
  }

  private static func operation(_ name: String, _ path: [String], _ value: JSONValue? = nil) -> JSONValue {
    var operation: JSONValue = ["op": .string(name), "path": .string(JSONPointer(tokens: path).description)]
    if let value { operation["value"] = value }
    return operation
  }
}
