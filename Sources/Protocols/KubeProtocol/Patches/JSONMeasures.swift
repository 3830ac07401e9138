public import Formats

/// Measures of JSON trees, so that patches stay within limits, and equality as patches mean it.
extension JSONValue {
  /// Levels of nesting, 0 for a scalar, and about how many bytes of text the tree stands for.
  var measures: (depth: Int, bytes: Int) {
    switch self {
    case .null, .bool: return (0, 5)
    case .number(let number): return (0, number.text.utf8.count)
    case .string(let text): return (0, text.utf8.count + 2)
    case .array(let elements):
      var depth = 0
      var bytes = 2
      for element in elements {
        let inner = element.measures
        depth = max(depth, inner.depth)
        bytes += inner.bytes + 1
      }
      return (depth + 1, bytes)
    case .object(let object):
      var depth = 0
      var bytes = 2
      for member in object.members {
        let inner = member.value.measures
        depth = max(depth, inner.depth)
        bytes += inner.bytes + member.key.utf8.count + 4
      }
      return (depth + 1, bytes)
    }
  }

  /// About how many bytes of text the tree stands for.
  public var textSize: Int { measures.bytes }

  /// Equality by meaning: numbers by value (`1` is `1.0`), members in any order.
  func isEquivalent(to other: JSONValue) -> Bool {
    switch (self, other) {
    case (.number(let left), .number(let right)):
      if left.text == right.text { return true }
      if let leftInteger = left.int64, let rightInteger = right.int64 { return leftInteger == rightInteger }
      return left.double == right.double
    case (.array(let left), .array(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { $0.isEquivalent(to: $1) }
    case (.object(let left), .object(let right)):
      return left.count == right.count
        && left.members.allSatisfy { member in
          right[member.key].map { member.value.isEquivalent(to: $0) } ?? false
        }
    default:
      return self == other
    }
  }
}
