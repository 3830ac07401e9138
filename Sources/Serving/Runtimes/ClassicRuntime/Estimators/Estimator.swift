internal import InferenceProtocol
internal import ModelRuntime

/// What every fitted estimator tells of itself.
protocol FittedEstimator: Sendable {
  var identity: EstimatorIdentity { get }
  /// `feature_names_in_`, where it was fitted on named columns.
  var featureNames: [String]? { get }
  /// Whether it can read columns of text and mixed kinds (`ColumnTransformer`, encoders, vectorizers); others
  /// get numbers only.
  var takesTables: Bool { get }
  /// Whether it reads sparse rows as they are; others get them written out.
  var takesSparse: Bool { get }
  /// Whether its rows are texts (vectorizers): `[rows]` of BYTES.
  var takesDocuments: Bool { get }
  /// Whether its rows are objects with named values (`DictVectorizer`).
  var takesRecords: Bool { get }
  /// A guess from the structure, on a current core.
  var nanosecondsPerRow: Double { get }
  var memoryBytes: Int { get }
}

extension FittedEstimator {
  var takesTables: Bool { false }
  var takesSparse: Bool { false }
  var takesDocuments: Bool { false }
  var takesRecords: Bool { false }
}

/// An estimator with `predict`.
protocol Predictor: FittedEstimator {
  var outputs: [ModelSignature.TensorSpec] { get }
  /// nil where the estimator has no `predict_proba`.
  var probabilityOutputs: [ModelSignature.TensorSpec]? { get }
  /// nil where the estimator has no `decision_function`.
  var decisionOutputs: [ModelSignature.TensorSpec]? { get }
  /// `classes_` of a classifier with one output; nil for all other predictors.
  var classLabels: ClassLabels? { get }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor]
  /// Called only where `probabilityOutputs` is not nil.
  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor]
  /// Called only where `decisionOutputs` is not nil.
  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor]
  /// The same function without allocations; nil where there is no such form.
  func rowModel(_ function: ModelFunction) -> (any RowModel)?
}

extension Predictor {
  var probabilityOutputs: [ModelSignature.TensorSpec]? { nil }
  var decisionOutputs: [ModelSignature.TensorSpec]? { nil }
  var classLabels: ClassLabels? { nil }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    throw .unsupported("'\(identity.className)' object has no attribute 'predict_proba'")
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    throw .unsupported("'\(identity.className)' object has no attribute 'decision_function'")
  }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? { nil }
}

/// An estimator with `transform`.
protocol Transformer: FittedEstimator {
  /// Columns of the result, where the estimator knows them.
  var outputColumns: Int { get }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix
}

extension Transformer {
  var outputColumns: Int { identity.featureCount }
}

/// What a file, or one place of a meta-estimator, holds: a predictor, a transformer, or both in one.
struct BoundEstimator: Sendable {
  let fitted: any FittedEstimator
  let predictor: (any Predictor)?
  let transformer: (any Transformer)?
  /// Whether rows of several calls may be answered in one.
  var isBatchable = true

  init(_ fitted: any FittedEstimator) {
    self.init(fitted, predictor: fitted as? any Predictor, transformer: fitted as? any Transformer)
  }

  init(_ fitted: any FittedEstimator, predictor: (any Predictor)?, transformer: (any Transformer)?) {
    self.fitted = fitted
    self.predictor = predictor
    self.transformer = transformer
  }

  /// What it can be asked for, `predict` before everything else.
  var functions: [ModelFunction] {
    var functions: [ModelFunction] = []
    if let predictor {
      functions.append(.predict)
      if predictor.probabilityOutputs != nil { functions.append(.predictProbabilities) }
      if predictor.decisionOutputs != nil { functions.append(.decisionFunction) }
    }
    if transformer != nil { functions.append(.transform) }
    return functions
  }
}

/// The name of output `index`, as KServe's servers name them.
func outputName(_ index: Int = 0) -> String { "output-\(index)" }
