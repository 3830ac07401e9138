internal import InferenceProtocol
internal import ModelRuntime

/// Transformers one after the other: a pipeline whose last step has no `predict`.
struct TransformerChain: Transformer {
  /// Never empty; `passthrough` steps are left out.
  let first: any Transformer
  let rest: [any Transformer]

  var identity: EstimatorIdentity { first.identity }
  var featureNames: [String]? { first.featureNames }
  var takesTables: Bool { first.takesTables }
  var takesSparse: Bool { first.takesSparse }
  var takesDocuments: Bool { first.takesDocuments }
  var takesRecords: Bool { first.takesRecords }
  var outputColumns: Int { rest.last?.outputColumns ?? first.outputColumns }
  var nanosecondsPerRow: Double { rest.reduce(first.nanosecondsPerRow) { $0 + $1.nanosecondsPerRow } }
  var memoryBytes: Int { rest.reduce(first.memoryBytes) { $0 + $1.memoryBytes } }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    var rows = try first.transform(rows)
    for step in rest { rows = try step.transform(try rows.prepared(for: step)) }
    return rows
  }
}

/// `sklearn.pipeline.Pipeline` with a predictor at its end.
struct Pipeline: Predictor {
  let chain: TransformerChain
  let last: any Predictor

  var identity: EstimatorIdentity { chain.identity }
  var featureNames: [String]? { chain.featureNames }
  var takesTables: Bool { chain.takesTables }
  var takesSparse: Bool { chain.takesSparse }
  var takesDocuments: Bool { chain.takesDocuments }
  var takesRecords: Bool { chain.takesRecords }
  var nanosecondsPerRow: Double { chain.nanosecondsPerRow + last.nanosecondsPerRow }
  var memoryBytes: Int { chain.memoryBytes + last.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] { last.outputs }
  var probabilityOutputs: [ModelSignature.TensorSpec]? { last.probabilityOutputs }
  var decisionOutputs: [ModelSignature.TensorSpec]? { last.decisionOutputs }
  var classLabels: ClassLabels? { last.classLabels }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try last.predict(try transformed(rows))
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try last.predictProbabilities(try transformed(rows))
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try last.decisionFunction(try transformed(rows))
  }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? { ScaledRowModel(chain, last, function) }

  private func transformed(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    try chain.transform(rows).prepared(for: last)
  }
}
