public import Formats

/// Why a selector cannot be used.
public struct SelectorError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}

/// Which labels an object must have: all requirements hold. Without requirements it selects everything.
public struct LabelSelector: Sendable, Hashable {
  /// One condition on one label.
  public struct Requirement: Sendable, Hashable {
    public enum Operation: String, Sendable {
      case equals = "="
      case notEquals = "!="
      case isIn = "in"
      case notIn = "notin"
      case exists
      case doesNotExist = "!"
      case greaterThan = "gt"
      case lessThan = "lt"
    }

    public let key: String
    public let operation: Operation
    /// Sorted, without repetitions.
    public let values: [String]

    /// Checks the key, the values and how many there are.
    public init(key: String, operation: Operation, values: [String]) throws(SelectorError) {
      if let problem = LabelSyntax.keyProblems(key).first {
        throw SelectorError("key: Invalid value: \(FieldPath.quoted(key)): \(problem)")
      }
      let unique = Array(Set(values)).sorted()
      switch operation {
      case .isIn, .notIn:
        if unique.isEmpty {
          throw SelectorError(
            "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
        }
      case .equals, .notEquals:
        if unique.count != 1 {
          throw SelectorError("values: Invalid value: exact-match compatibility requires one single value")
        }
      case .exists, .doesNotExist:
        if !unique.isEmpty {
          throw SelectorError("values: Invalid value: values set must be empty for exists and does not exist")
        }
      case .greaterThan, .lessThan:
        if unique.count != 1 || Int64(unique[0]) == nil {
          throw SelectorError("values: Invalid value: for 'Gt', 'Lt' operators, the value must be an integer")
        }
      }
      for (index, value) in unique.enumerated() {
        if let problem = LabelSyntax.valueProblems(value).first {
          throw SelectorError(
            "values[\(index)][\(key)]: Invalid value: \(FieldPath.quoted(value)): \(problem)")
        }
      }
      self.key = key
      self.operation = operation
      self.values = unique
    }

    public func matches(_ value: String?) -> Bool {
      switch operation {
      case .equals, .isIn: return value.map(values.contains) ?? false
      case .notEquals, .notIn: return value.map { !values.contains($0) } ?? true
      case .exists: return value != nil
      case .doesNotExist: return value == nil
      case .greaterThan, .lessThan:
        guard let number = value.flatMap({ Int64($0) }), let bound = values.first.flatMap({ Int64($0) })
        else {
          return false
        }
        return operation == .greaterThan ? number > bound : number < bound
      }
    }

    var text: String {
      switch operation {
      case .equals, .notEquals: "\(key)\(operation.rawValue)\(values[0])"
      case .isIn, .notIn: "\(key) \(operation.rawValue) (\(values.joined(separator: ",")))"
      case .exists: key
      case .doesNotExist: "!\(key)"
      case .greaterThan: "\(key)>\(values[0])"
      case .lessThan: "\(key)<\(values[0])"
      }
    }
  }

  public let requirements: [Requirement]

  /// Selects everything.
  public static let everything = LabelSelector(requirements: [])

  public init(requirements: [Requirement]) { self.requirements = requirements }

  /// The query form: `app=web,tier!=db,env in (dev,test),zone notin (a),gpu,!spot`.
  public init(query: String) throws(SelectorError) {
    var parser = LabelSelectorParser(query)
    requirements = try parser.parse()
  }

  /// The JSON form, `metav1.LabelSelector`: `matchLabels` and `matchExpressions`.
  public init(json: JSONValue) throws(SelectorError) {
    var requirements: [Requirement] = []
    if let labels = json["matchLabels"], !labels.isNull {
      guard let members = labels.object else { throw SelectorError("matchLabels: must be an object") }
      for (key, value) in members.members {
        guard let text = value.string else { throw SelectorError("matchLabels.\(key): must be a string") }
        requirements.append(try Requirement(key: key, operation: .equals, values: [text]))
      }
    }
    if let expressions = json["matchExpressions"], !expressions.isNull {
      guard let items = expressions.array else { throw SelectorError("matchExpressions: must be an array") }
      for (index, item) in items.enumerated() {
        requirements.append(try Self.requirement(expression: item, index))
      }
    }
    self.requirements = requirements
  }

  /// Every label of the map, exactly.
  public init(matching labels: [String: String]) throws(SelectorError) {
    var requirements: [Requirement] = []
    for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
      requirements.append(try Requirement(key: key, operation: .equals, values: [value]))
    }
    self.requirements = requirements
  }

  public var isEmpty: Bool { requirements.isEmpty }

  public func matches(_ labels: [String: String]) -> Bool {
    requirements.allSatisfy { $0.matches(labels[$0.key]) }
  }

  /// Matches an object's `metadata.labels` without copying them.
  public func matches(_ object: KubeObject) -> Bool {
    if requirements.isEmpty { return true }
    let labels = object.json["metadata"]?["labels"]
    return requirements.allSatisfy { $0.matches(labels?[$0.key]?.string) }
  }

  /// The query form with sorted keys, as `status.selector` of scales has it.
  public var query: String {
    requirements.sorted { $0.key < $1.key }.map(\.text).joined(separator: ",")
  }

  private static func requirement(
    expression: JSONValue, _ index: Int
  ) throws(SelectorError) -> Requirement {
    guard let key = expression["key"]?.string else {
      throw SelectorError("matchExpressions[\(index)].key: Required value")
    }
    let operation: Requirement.Operation
    switch expression["operator"]?.string {
    case "In": operation = .isIn
    case "NotIn": operation = .notIn
    case "Exists": operation = .exists
    case "DoesNotExist": operation = .doesNotExist
    case let name:
      throw SelectorError("\(FieldPath.quoted(name ?? "")) is not a valid label selector operator")
    }
    let values = expression["values"]?.array ?? []
    let texts = values.compactMap(\.string)
    guard texts.count == values.count else {
      throw SelectorError("matchExpressions[\(index)].values: must be strings")
    }
    return try Requirement(key: key, operation: operation, values: texts)
  }
}
