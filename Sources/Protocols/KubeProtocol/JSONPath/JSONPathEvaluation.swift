internal import Formats

/// One evaluation; stops quietly at the limits, so that no document makes it run away.
struct JSONPathEvaluation {
  let root: JSONValue
  private var visits = 0

  init(root: JSONValue) { self.root = root }

  mutating func values(_ steps: [JSONPath.Step], from start: JSONValue) -> [JSONValue] {
    var current = [start]
    for step in steps {
      var next: [JSONValue] = []
      for value in current { apply(step, to: value, into: &next) }
      if next.isEmpty { return [] }
      current = next
    }
    return current
  }

  private mutating func apply(_ step: JSONPath.Step, to value: JSONValue, into results: inout [JSONValue]) {
    guard results.count < JSONPath.maximumResults, visits < JSONPath.maximumVisits else { return }
    visits += 1
    switch step {
    case .member(let name):
      if let member = value[name] { results.append(member) }
    case .allChildren: appendChildren(of: value, to: &results)
    case .slice(let start, let end, let stride): appendSlice(of: value, start, end, stride, to: &results)
    case .union(let steps): for step in steps { apply(step, to: value, into: &results) }
    case .descendants: appendDescendants(of: value, to: &results)
    case .filter(let condition):
      var children: [JSONValue] = []
      appendChildren(of: value, to: &children)
      for child in children where holds(condition, for: child) { results.append(child) }
    }
  }

  private mutating func appendChildren(of value: JSONValue, to results: inout [JSONValue]) {
    let room = max(0, JSONPath.maximumResults - results.count)
    switch value {
    case .array(let elements): results += elements.prefix(room)
    case .object(let object): results += object.members.prefix(room).map(\.value)
    default: break
    }
  }

  private mutating func appendDescendants(of value: JSONValue, to results: inout [JSONValue]) {
    guard results.count < JSONPath.maximumResults, visits < JSONPath.maximumVisits else { return }
    visits += 1
    results.append(value)
    switch value {
    case .array(let elements): for element in elements { appendDescendants(of: element, to: &results) }
    case .object(let object):
      for member in object.members { appendDescendants(of: member.value, to: &results) }
    default: break
    }
  }

  private func appendSlice(
    of value: JSONValue, _ start: Int?, _ end: Int?, _ stride: Int, to results: inout [JSONValue]
  ) {
    guard let elements = value.array else { return }
    func position(_ index: Int) -> Int {
      max(0, min(elements.count, index < 0 ? index + elements.count : index))
    }
    let first = position(start ?? 0)
    let last = position(end ?? elements.count)
    var index = first
    while index < last, results.count < JSONPath.maximumResults {
      results.append(elements[index])
      index += stride
    }
  }

  private mutating func holds(_ condition: JSONPath.Condition, for value: JSONValue) -> Bool {
    let left = operand(condition.left, for: value)
    guard let comparison = condition.comparison, let rightOperand = condition.right else {
      return left != nil
    }
    guard let left, let right = operand(rightOperand, for: value) else { return false }
    return Self.compare(left, comparison, right)
  }

  private mutating func operand(_ operand: JSONPath.Operand, for value: JSONValue) -> JSONValue? {
    switch operand {
    case .literal(let literal): literal
    case .path(let steps, let fromRoot): values(steps, from: fromRoot ? root : value).first
    }
  }

  private static func compare(_ left: JSONValue, _ comparison: JSONPath.Comparison, _ right: JSONValue)
    -> Bool
  {
    switch comparison {
    case .equal: return left.isEquivalent(to: right)
    case .notEqual: return !left.isEquivalent(to: right)
    case .less, .lessOrEqual, .greater, .greaterOrEqual: break
    }
    if let leftNumber = left.double, let rightNumber = right.double {
      return holds(comparison, leftNumber, rightNumber)
    }
    if let leftText = left.string, let rightText = right.string {
      return holds(comparison, leftText, rightText)
    }
    return false
  }

  private static func holds<Value: Comparable>(
    _ comparison: JSONPath.Comparison, _ left: Value, _ right: Value
  ) -> Bool {
    switch comparison {
    case .equal: left == right
    case .notEqual: left != right
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    }
  }
}
