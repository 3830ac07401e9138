internal import Formats
internal import InferenceProtocol
internal import ModelRuntime

/// A booster that was saved by `XGBClassifier`, as that class answers for it: class indices, or a probability
/// for each class.
struct XGBoostClassifier: LoadedModel {
  private let model: XGBoostModel

  /// - Returns: nil where the file was not saved by a classifier.
  init?(_ model: XGBoostModel, _ file: XGBoostFile) {
    guard let text = file.attributes["scikit_learn"], let value = try? JSONValue(parsing: text),
      value["_estimator_type"]?.string == "classifier"
    else { return nil }
    self.model = model
  }

  var estimatedNanosecondsPerRow: Double { model.estimatedNanosecondsPerRow + 5 }
  var memoryBytes: Int { model.memoryBytes }
  var functions: [ModelFunction] { [.predict, .predictProbabilities] }

  var signature: ModelSignature {
    var signature = model.signature
    signature.outputs = [.init(name: "output-0", datatype: .int64, shape: [-1])]
    return signature
  }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    try model.predict(PredictRequest(inputs: request.inputs)).map { output in
      guard case .float32(let values) = output.values else { return output }
      if request.function == .predictProbabilities { return Self.probabilities(output, values) }
      return Self.labels(output, values)
    }
  }

  /// One value per row is the probability of the second class.
  private static func probabilities(_ output: Tensor, _ values: [Float]) -> Tensor {
    if output.shape.count > 1 { return output }
    return Tensor(
      name: output.name, shape: [values.count, 2], values: .float32(values.flatMap { [1 - $0, $0] }))
  }

  private static func labels(_ output: Tensor, _ values: [Float]) -> Tensor {
    guard output.shape.count > 1, let width = output.shape.last, width > 0 else {
      return Tensor(
        name: output.name, shape: [values.count], values: .int64(values.map { $0 > 0.5 ? 1 : 0 }))
    }
    let labels = stride(from: 0, to: values.count, by: width).map { start -> Int64 in
      var best = 0
      for index in 1..<max(width, 1) where values[start + index] > values[start + best] { best = index }
      return Int64(best)
    }
    return Tensor(name: output.name, shape: [labels.count], values: .int64(labels))
  }
}
