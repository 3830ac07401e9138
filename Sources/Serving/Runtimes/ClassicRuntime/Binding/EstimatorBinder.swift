/// Makes native predictors out of a value graph.
///
/// Arrays are decoded on demand, and what is decoded is counted: a file that names the same array a thousand
/// times gets an error, not a thousand copies. Elements count the work, bytes the memory.
final class EstimatorBinder {
  let graph: PickleGraph
  private var remainingElements: Int
  private(set) var budget: ReadBudget
  private static let maximumDepth = 16
  private var depth = 0
  /// Whether each row's answer is the same whatever rows it comes with; binders of estimators for which it is
  /// not say so.
  var isBatchable = true

  init(_ graph: PickleGraph) {
    self.graph = graph
    budget = graph.budget
    // The smallest element is one byte; honest files are read about twice.
    let (scaled, overflow) = graph.byteCount.multipliedReportingOverflow(by: 4)
    remainingElements = (overflow ? Int.max / 2 : scaled) + 4096
  }

  /// What binding one estimator takes at least, whatever it holds.
  private static let bytesPerEstimator = 512

  static var supported: String { EstimatorRegistry.supported }

  /// Reads the estimator at the root.
  static func bind(_ graph: PickleGraph) throws(BindError) -> BoundEstimator {
    if case .none = graph.root { throw .unsupported("it holds None, not an estimator") }
    let binder = EstimatorBinder(graph)
    guard var bound = try binder.bind(graph.root) else {
      throw .unsupported("it holds a pipeline in which nothing is fitted")
    }
    bound.isBatchable = binder.isBatchable
    return bound
  }

  func spend(elements: Int) throws(BindError) {
    guard elements <= remainingElements else {
      throw .corrupt("its parts refer to one another so often that they do not fit the file's size")
    }
    remainingElements -= elements
  }

  /// Charges `count` things of `size` bytes each, before they are made.
  func hold(_ count: Int, _ size: Int) throws(BindError) {
    guard budget.take(ReadBudget.product(count, size)) else { throw .tooLarge(limit: budget.limit) }
  }

  /// Frees what was held since `budget.used` was `mark`.
  func release(to mark: Int) { budget.giveBack(budget.used - mark) }

  /// Binds the estimator at one place of the file; meta-estimators call it for those that they hold.
  ///
  /// How deep they may nest is bounded here, and so is their number: each spends elements and memory.
  /// - Returns: nil for a step that does nothing (`passthrough`, `None`).
  func bind(_ value: PickleValue) throws(BindError) -> BoundEstimator? {
    guard depth < EstimatorBinder.maximumDepth else {
      throw .corrupt("it nests estimators deeper than \(EstimatorBinder.maximumDepth)")
    }
    if case .none = value { return nil }
    if case .string("passthrough") = value { return nil }
    guard case .object(let object)? = graph.node(value) else {
      throw .unsupported(
        "it holds \(describe(value)), not an estimator (supported: \(EstimatorBinder.supported))")
    }
    guard object.global.meaning == .estimator, let bind = EstimatorRegistry.binds[object.global.name] else {
      throw .unsupported(
        "it holds a \(object.global.fullName), which has no native predictor "
          + "(supported: \(EstimatorBinder.supported))")
    }
    try spend(elements: 1)
    try hold(1, EstimatorBinder.bytesPerEstimator)
    let state = try EstimatorState(object, binder: self)
    depth += 1
    defer { depth -= 1 }
    return try bind(self, state)
  }

  /// The estimator in an attribute, which must have `predict`.
  func predictor(_ value: PickleValue, of state: EstimatorState) throws(BindError) -> any Predictor {
    guard let bound = try bind(value), let predictor = bound.predictor else {
      throw .unsupported("its \(state.className) holds \(describe(value)), which has no predict")
    }
    return predictor
  }

  func describe(_ value: PickleValue) -> String {
    switch value {
    case .none: return "None"
    case .bool: return "a boolean"
    case .integer, .bigInteger: return "an integer"
    case .float: return "a float"
    case .string: return "text"
    case .bytes: return "bytes"
    case .global(let global): return "the class \(global.fullName)"
    case .node:
      switch graph.node(value) {
      case .list?: return "a list"
      case .tuple?: return "a tuple"
      case .dictionary?: return "a dictionary"
      case .set?: return "a set"
      case .array?, .unfilledArray?: return "a numpy array"
      case .dtype?: return "a numpy type"
      case .object(let object)?: return "a \(object.global.fullName)"
      case nil: return "nothing"
      }
    }
  }
}
