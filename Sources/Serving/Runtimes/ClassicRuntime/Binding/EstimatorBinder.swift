internal import InferenceProtocol

/// Makes native predictors out of a value graph.
///
/// Arrays are decoded on demand, and what is decoded is counted: a file that names the same array a thousand
/// times gets an error, not a thousand copies. Elements count the work, bytes the memory.
final class EstimatorBinder {
  let graph: PickleGraph
  private var remainingElements: Int
  private(set) var budget: ReadBudget
  private static let maximumDepth = 16
  private static let maximumSteps = 1024
  private var steps = 0

  init(_ graph: PickleGraph) {
    self.graph = graph
    budget = graph.budget
    // The smallest element is one byte; honest files are read about twice.
    let (scaled, overflow) = graph.byteCount.multipliedReportingOverflow(by: 4)
    remainingElements = (overflow ? Int.max / 2 : scaled) + 4096
  }

  static let supported =
    "SVC, LogisticRegression, RandomForestClassifier, RandomForestRegressor, StandardScaler, Pipeline"

  /// Reads the estimator at the root.
  static func bind(_ graph: PickleGraph) throws(BindError) -> BoundEstimator {
    if case .none = graph.root { throw .unsupported("it holds None, not an estimator") }
    let binder = EstimatorBinder(graph)
    guard let bound = try binder.estimator(graph.root, depth: 0) else {
      throw .unsupported("it holds a pipeline in which nothing is fitted")
    }
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

  /// nil for a step that does nothing (`passthrough`, `None`).
  func estimator(_ value: PickleValue, depth: Int) throws(BindError) -> BoundEstimator? {
    guard depth < EstimatorBinder.maximumDepth else {
      throw .corrupt("it nests pipelines deeper than \(EstimatorBinder.maximumDepth)")
    }
    if case .none = value { return nil }
    if case .string("passthrough") = value { return nil }
    guard case .object(let object)? = graph.node(value), object.global.meaning == .estimator else {
      throw .unsupported(
        "it holds \(describe(value)), not an estimator (supported: \(EstimatorBinder.supported))")
    }
    let state = try EstimatorState(object, binder: self)
    switch object.global.name {
    case "SVC": return .predictor(try supportVectorClassifier(state))
    case "LogisticRegression": return .predictor(try logisticRegression(state))
    case "RandomForestClassifier": return .predictor(try forestClassifier(state))
    case "RandomForestRegressor": return .predictor(try forestRegressor(state))
    case "StandardScaler": return .transformer(try standardScaler(state))
    case "Pipeline": return try pipeline(state, depth: depth)
    default:
      throw .unsupported(
        "it holds a \(object.global.fullName), which has no native predictor "
          + "(supported: \(EstimatorBinder.supported))")
    }
  }

  private func describe(_ value: PickleValue) -> String {
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

  // MARK: Pipeline

  private func pipeline(_ state: EstimatorState, depth: Int) throws(BindError) -> BoundEstimator? {
    var transformers: [any Transformer] = []
    let list = try state.list("steps")
    for (index, value) in list.enumerated() {
      steps += 1
      guard steps <= EstimatorBinder.maximumSteps else {
        throw .corrupt("its pipelines have more than \(EstimatorBinder.maximumSteps) steps")
      }
      guard case .tuple(let pair)? = graph.node(value), pair.count == 2 else {
        guard case .list(let pair)? = graph.node(value), pair.count == 2 else {
          throw state.malformed("steps", "a list of (name, estimator)")
        }
        throw .unsupported("its pipeline has a step given as a list; give steps as (name, estimator) tuples")
      }
      guard let step = try estimator(pair[1], depth: depth + 1) else { continue }
      switch step {
      case .transformer(let transformer): transformers.append(transformer)
      case .predictor(let predictor):
        guard index == list.count - 1 else {
          throw .unsupported("its pipeline has \(predictor.identity.className) before the end")
        }
        return join(transformers, predictor)
      }
    }
    guard let first = transformers.first else { return nil }
    return .transformer(TransformerChain(first: first, rest: Array(transformers.dropFirst())))
  }

  private func join(_ transformers: [any Transformer], _ last: any Predictor) -> BoundEstimator {
    guard let first = transformers.first else { return .predictor(last) }
    let chain = TransformerChain(first: first, rest: Array(transformers.dropFirst()))
    return .predictor(Pipeline(chain: chain, last: last))
  }

  // MARK: StandardScaler

  private func standardScaler(_ state: EstimatorState) throws(BindError) -> StandardScaler {
    let identity = try state.identity()
    func statistic(_ name: String) throws(BindError) -> [Double] {
      let values = try state.doubles(name)
      guard values.count == identity.featureCount else {
        throw state.malformed(name, "one number per feature")
      }
      return values
    }
    return StandardScaler(
      identity: identity, featureNames: try state.featureNames(identity),
      mean: try state.bool("with_mean") ? try statistic("mean_") : nil,
      scale: try state.bool("with_std") ? try statistic("scale_") : nil,
      roundsStatisticsFirst: state.version >= SklearnVersion(1, 8))
  }
}
