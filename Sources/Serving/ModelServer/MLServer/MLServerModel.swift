internal import InferenceProtocol
internal import ModelRuntime

/// A model as MLServer's runtimes offer it: outputs are named by the functions that compute them, and a list
/// of
/// numbers is a column.
struct MLServerModel: LoadedModel {
  private let model: any LoadedModel
  private let settings: MLServerModelSettings
  private let plainOutput: String

  init(_ model: any LoadedModel, _ settings: MLServerModelSettings) {
    self.model = model
    self.settings = settings
    plainOutput = settings.predictFunction ?? ModelFunction.predict.rawValue
  }

  var estimatedNanosecondsPerRow: Double { model.estimatedNanosecondsPerRow }
  var memoryBytes: Int { model.memoryBytes }
  var functions: [ModelFunction] { model.functions }
  var isBatchable: Bool { model.isBatchable }
  var rowModel: (any RowModel)? {
    guard plainOutput == ModelFunction.predict.rawValue, model.functions.first == .predict else { return nil }
    return model.rowModel.map(MLServerRowModel.init)
  }

  /// What the settings say; MLServer looks at no model.
  var signature: ModelSignature {
    ModelSignature(
      platform: settings.platform,
      inputs: settings.inputs.map { .init(name: $0.name, datatype: $0.datatype, shape: $0.shape) },
      outputs: settings.outputs.map { .init(name: $0.name, datatype: $0.datatype, shape: $0.shape) },
      featureNames: model.signature.featureNames)
  }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    // LightGBM's runtime answers its prediction, whatever is asked for.
    let asked = settings.implementation == .lightgbm ? nil : request.outputNames
    var outputs: [Tensor] = []
    for name in asked ?? [plainOutput] {
      let function = try function(name)
      for output in try model.predict(PredictRequest(inputs: request.inputs, function: function)) {
        outputs.append(Self.column(output, named: name))
      }
    }
    return outputs
  }

  private func function(_ name: String) throws(PredictError) -> ModelFunction {
    let offered: [ModelFunction] =
      settings.implementation == .sklearn
      ? [.predict, .predictProbabilities, .transform] : [.predict, .predictProbabilities]
    guard let function = ModelFunction(rawValue: name),
      offered.contains(function) || name == settings.predictFunction
    else {
      switch settings.implementation {
      case .sklearn:
        throw .invalidInput(
          "SKLearnModel only supports 'predict', 'predict_proba' and 'transform' as outputs "
            + "(\(name) was received)"
        )
      default:
        throw .invalidInput(
          "XGBoostModel only supports 'predict' and 'predict_proba' as outputs (\(name) was received)")
      }
    }
    guard model.functions.contains(function) else {
      throw .invalidInput("\(settings.name): models of this kind do not support '\(name)'")
    }
    return function
  }

  /// `[N]` becomes `[N, 1]`.
  private static func column(_ tensor: Tensor, named name: String) -> Tensor {
    var tensor = tensor
    tensor.name = name
    if tensor.shape.count < 2 { tensor.shape.append(1) }
    return tensor
  }
}

/// The same for the direct path.
private struct MLServerRowModel: RowModel {
  let model: any RowModel
  let form: RowForm

  init(_ model: any RowModel) {
    self.model = model
    var form = model.form
    form.outputName = ModelFunction.predict.rawValue
    form.outputColumns = form.outputColumns ?? 1
    self.form = form
  }

  func scratchBytes(rows: Int) -> Int { model.scratchBytes(rows: rows) }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    model.predict(batch, into: output, scratch: scratch)
  }
}
