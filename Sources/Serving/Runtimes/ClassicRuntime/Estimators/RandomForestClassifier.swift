internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.ensemble.RandomForestClassifier`, for one output or several.
struct RandomForestClassifier: Predictor {
  let forest: Forest
  let featureNames: [String]?
  /// The labels of all outputs, one output after the other.
  let classes: ClassLabels
  /// How many of them belong to each output.
  let classCounts: [Int]

  var identity: EstimatorIdentity { forest.identity }
  var nanosecondsPerRow: Double { forest.nanosecondsPerRow }
  var memoryBytes: Int { forest.memoryBytes }
  private var isSingle: Bool { classCounts.count == 1 }
  var outputs: [ModelSignature.TensorSpec] {
    let shape = isSingle ? [-1] : [-1, classCounts.count]
    return [.init(name: outputName(), datatype: classes.datatype, shape: shape)]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    classCounts.enumerated().map { index, count in
      .init(name: outputName(index), datatype: .fp64, shape: [-1, count])
    }
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let means = try forest.means(rows)
    var indices: [Int] = []
    indices.reserveCapacity(rows.rows * classCounts.count)
    means.withUnsafeBufferPointer { means in
      var start = 0
      for _ in 0..<rows.rows {
        var label = 0
        for count in classCounts {
          indices.append(
            label + NumpySums.argmax(UnsafeBufferPointer(rebasing: means[start..<(start + count)])))
          start += count
          label += count
        }
      }
    }
    let shape = isSingle ? [rows.rows] : [rows.rows, classCounts.count]
    return [Tensor(name: outputName(), shape: shape, values: classes.take(indices))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let means = try forest.means(rows)
    if isSingle {
      return [Tensor(name: outputName(), shape: [rows.rows, forest.width], values: .float64(means))]
    }
    var tensors: [Tensor] = []
    var start = 0
    for (index, count) in classCounts.enumerated() {
      var values: [Double] = []
      values.reserveCapacity(rows.rows * count)
      for row in 0..<rows.rows {
        let base = row * forest.width + start
        values.append(contentsOf: means[base..<(base + count)])
      }
      tensors.append(Tensor(name: outputName(index), shape: [rows.rows, count], values: .float64(values)))
      start += count
    }
    return tensors
  }
}
