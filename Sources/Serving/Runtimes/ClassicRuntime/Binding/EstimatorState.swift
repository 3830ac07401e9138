/// The attributes of one estimator in the graph, read with types and with errors that name class and
/// attribute.
struct EstimatorState {
  let binder: EstimatorBinder
  let className: String
  let version: SklearnVersion
  private let attributes: [String: PickleValue]

  /// - Parameter holder: for objects that are parts of an estimator and have no version of their own.
  init(
    _ object: PickleObject, binder: EstimatorBinder, heldBy holder: EstimatorState? = nil
  ) throws(BindError) {
    self.binder = binder
    className = object.global.name
    var attributes: [String: PickleValue] = [:]
    if let state = object.state, case .dictionary(let entries)? = binder.graph.node(state) {
      try binder.spend(elements: entries.count)
      try binder.hold(entries.count, EstimatorState.bytesPerAttribute)
      for entry in entries {
        if case .string(let key) = entry.key { attributes[key] = entry.value }
      }
    }
    self.attributes = attributes
    // Cython's trees have no version of their own.
    if let holder, attributes["_sklearn_version"] == nil {
      version = holder.version
      return
    }
    version =
      object.global.meaning == .estimator
      ? try EstimatorState.version(attributes["_sklearn_version"], of: className) : SklearnVersion(0, 0)
  }

  /// A key, a value and their share of a hash table that has just grown.
  private static let bytesPerAttribute = 160

  /// Later 1.x versions are read like the newest known one: what they lack is told attribute by attribute.
  private static func version(
    _ value: PickleValue?, of className: String
  ) throws(BindError) -> SklearnVersion {
    guard let value else {
      throw .unsupportedVersion(
        "\(className) does not say which version of scikit-learn wrote it (it has no _sklearn_version)")
    }
    guard case .string(let text) = value else {
      throw .corrupt("\(className) says a scikit-learn version that is no text")
    }
    guard let version = SklearnVersion(text: text) else {
      throw .corrupt("\(className) says scikit-learn version '\(String(quoting: text, limit: 40))'")
    }
    guard version.major <= 1 else {
      throw .unsupportedVersion(
        "\(className) was written by scikit-learn \(version); versions 1.0 to 1.9 are known")
    }
    return version
  }

  func has(_ name: String) -> Bool { attributes[name] != nil }

  func value(_ name: String) throws(BindError) -> PickleValue {
    if let value = attributes[name] { return value }
    if attributes["n_features_in_"] == nil, attributes["estimators_"] == nil, attributes["steps"] == nil {
      throw .corrupt("\(className) is not fitted (it has no \(name)); call fit before saving it")
    }
    throw .unsupportedVersion(
      "\(className) of scikit-learn \(version) has no attribute \(name); versions 1.0 to 1.9 are known")
  }

  func isNone(_ name: String) -> Bool {
    guard let value = attributes[name] else { return true }
    if case .none = value { return true }
    return false
  }

  func bool(_ name: String) throws(BindError) -> Bool {
    switch try value(name) {
    case .bool(let flag): return flag
    case .integer(let number): return number != 0
    default: throw malformed(name, "a boolean")
    }
  }

  func int(_ name: String) throws(BindError) -> Int {
    switch try value(name) {
    case .integer(let wide):
      guard let number = Int(exactly: wide) else { throw malformed(name, "an integer") }
      return number
    case .float(let number):
      guard let number = Int(exactly: number) else { throw malformed(name, "an integer") }
      return number
    case .node:
      let numbers = try array(name)
      guard numbers.count == 1, let wide = numbers.integers()?.first, let number = Int(exactly: wide) else {
        throw malformed(name, "an integer")
      }
      return number
    default: throw malformed(name, "an integer")
    }
  }

  func double(_ name: String) throws(BindError) -> Double {
    switch try value(name) {
    case .float(let number): return number
    case .integer(let number): return Double(number)
    case .node:
      let numbers = try array(name)
      guard numbers.count == 1, let number = numbers.doubles()?.first else {
        throw malformed(name, "a number")
      }
      return number
    default: throw malformed(name, "a number")
    }
  }

  func string(_ name: String) throws(BindError) -> String {
    guard case .string(let text) = try value(name) else { throw malformed(name, "text") }
    return text
  }

  func array(_ name: String) throws(BindError) -> NumpyArray {
    guard case .array(let array)? = binder.graph.node(try value(name)) else {
      throw malformed(name, "an array")
    }
    return array
  }

  func doubles(_ name: String) throws(BindError) -> [Double] {
    let array = try array(name)
    try binder.spend(elements: array.count)
    try binder.hold(array.count, 8)
    guard let numbers = array.doubles() else { throw malformed(name, "an array of numbers") }
    return numbers
  }

  func integers(_ name: String) throws(BindError) -> [Int] {
    let array = try array(name)
    try binder.spend(elements: array.count)
    try binder.hold(array.count, 24)
    guard let numbers = array.integers() else { throw malformed(name, "an array of integers") }
    return numbers.map { Int($0) }
  }

  func list(_ name: String) throws(BindError) -> [PickleValue] {
    switch binder.graph.node(try value(name)) {
    case .list(let values)?, .tuple(let values)?: return values
    default: throw malformed(name, "a list")
    }
  }

  func malformed(_ name: String, _ expected: String) -> BindError {
    .corrupt("\(className).\(name) is not \(expected)")
  }

  // MARK: What all estimators have

  func identity() throws(BindError) -> EstimatorIdentity {
    let count = try int("n_features_in_")
    guard count > 0, count <= 1 << 24 else { throw malformed("n_features_in_", "a feature count") }
    return EstimatorIdentity(className: className, featureCount: count)
  }

  func featureNames(_ identity: EstimatorIdentity) throws(BindError) -> [String]? {
    guard !isNone("feature_names_in_") else { return nil }
    let array = try array("feature_names_in_")
    try binder.spend(elements: array.count)
    try binder.hold(array.count, array.textBytes)
    guard let names = array.strings(), names.count == identity.featureCount else {
      throw malformed("feature_names_in_", "a list of \(identity.featureCount) names")
    }
    return names
  }
}
