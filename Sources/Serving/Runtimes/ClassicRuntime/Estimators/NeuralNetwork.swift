internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// The layers of `MLPClassifier` and `MLPRegressor`.
struct NeuralNetwork: Sendable {
  enum Activation: String, Sendable {
    case identity, logistic, tanh, relu, softmax
  }
  struct Layer: Sendable {
    let weights: FusedMatrix
    let intercepts: [Double]
  }

  let layers: [Layer]
  let hidden: Activation
  let output: Activation
  /// Weights and intercepts are float32: float32 rows are calculated in float32.
  let isSingle: Bool

  var width: Int { layers.last?.weights.width ?? 0 }
  var nanosecondsPerRow: Double {
    layers.reduce(60) {
      $0 + 0.3 * Double($1.weights.depth * $1.weights.width) + 8 * Double($1.weights.width)
    }
  }
  var memoryBytes: Int { layers.reduce(0) { $0 + $1.weights.memoryBytes } }

  /// The last layer's values, `[rows][width]`.
  func callAsFunction(_ rows: RowMatrix, for identity: EstimatorIdentity) throws(PredictError) -> RowMatrix {
    let rows = try rows.dense(for: identity)
    if isSingle, rows.isFloat32 {
      let values = rows.floats()
      try RowChecks.requireFinite(values, allowsNaN: false, for: identity)
      try RowChecks.requireShape(rows, for: identity)
      return RowMatrix(rows: rows.rows, columns: width, values: .float32(forward(values, rows.rows)))
    }
    let values = try RowChecks.doubles(rows, for: identity)
    return RowMatrix(rows: rows.rows, columns: width, values: .float64(forward(values, rows.rows)))
  }

  private func forward<Number: RealNumber>(_ input: [Number], _ rows: Int) -> [Number] {
    var values = input
    for (index, layer) in layers.enumerated() {
      values = layer.weights.multiply(values, rows: rows)
      let intercepts = layer.intercepts.map { Number(wide: $0) }
      var column = 0
      for position in values.indices {
        values[position] += intercepts[column]
        column = column + 1 == intercepts.count ? 0 : column + 1
      }
      activate(&values, index + 1 == layers.count ? output : hidden, width: intercepts.count)
    }
    return values
  }

  private func activate<Number: RealNumber>(
    _ values: inout [Number], _ activation: Activation, width: Int
  ) {
    switch activation {
    case .identity: break
    case .relu: for index in values.indices { values[index] = values[index] > 0 ? values[index] : 0 }
    case .logistic:
      for index in values.indices { values[index] = Probabilities.sigmoid(values[index]) }
    case .tanh: for index in values.indices { values[index] = Number(wide: apus_tanh(values[index].wide)) }
    case .softmax:
      for start in stride(from: 0, to: values.count, by: max(1, width)) {
        let range = start..<(start + width)
        let largest = values[range].max() ?? 0
        let terms = values[range].map { Number(wide: apus_exp(($0 - largest).wide)) }
        let sum = NumpySums.sum(terms)
        for (index, term) in zip(range, terms) { values[index] = term / sum }
      }
    }
  }
}

/// `sklearn.neural_network.MLPRegressor`.
struct NetworkRegressor: Predictor {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let network: NeuralNetwork

  var nanosecondsPerRow: Double { network.nanosecondsPerRow }
  var memoryBytes: Int { network.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: .fp64, shape: network.width == 1 ? [-1] : [-1, network.width])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let shape = network.width == 1 ? [rows.rows] : [rows.rows, network.width]
    return [Tensor(name: outputName(), shape: shape, values: try network(rows, for: identity).values)]
  }
}

/// `sklearn.neural_network.MLPClassifier`, also with several labels at once.
struct NetworkClassifier: Predictor {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let network: NeuralNetwork
  let classes: ClassLabels
  let isMultilabel: Bool

  var nanosecondsPerRow: Double { network.nanosecondsPerRow }
  var memoryBytes: Int { network.memoryBytes }
  var classLabels: ClassLabels? { isMultilabel ? nil : classes }
  var outputs: [ModelSignature.TensorSpec] {
    if isMultilabel { return [.init(name: outputName(), datatype: .int64, shape: [-1, network.width])] }
    return [.init(name: outputName(), datatype: classes.datatype, shape: [-1])]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: [-1, max(2, network.width)])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try network(rows, for: identity).doubles()
    let width = network.width
    if isMultilabel {
      return [
        Tensor(
          name: outputName(), shape: [rows.rows, width], values: .int64(values.map { $0 > 0.5 ? 1 : 0 }))
      ]
    }
    let best = (0..<rows.rows).map { row in
      if width == 1 { return values[row] > 0.5 ? 1 : 0 }
      return values[(row * width)..<((row + 1) * width)].withUnsafeBufferPointer { NumpySums.argmax($0) }
    }
    return [Tensor(name: outputName(), shape: [rows.rows], values: classes.take(best))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let result = try network(rows, for: identity)
    guard network.width == 1 else {
      return [Tensor(name: outputName(), shape: [rows.rows, network.width], values: result.values)]
    }
    let values: TensorValues
    switch result.values {
    case .float32(let numbers): values = .float32(numbers.flatMap { [1 - $0, $0] })
    default: values = .float64(result.doubles().flatMap { [1 - $0, $0] })
    }
    return [Tensor(name: outputName(), shape: [rows.rows, 2], values: values)]
  }
}
