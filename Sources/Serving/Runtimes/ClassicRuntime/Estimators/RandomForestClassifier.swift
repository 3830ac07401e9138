internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.ensemble.RandomForestClassifier`, for one output or several.
struct RandomForestClassifier: Predictor {
  let forest: Forest
  let featureNames: [String]?
  /// One set of labels per output.
  let classes: [ClassLabels]

  var identity: EstimatorIdentity { forest.identity }
  var nanosecondsPerRow: Double { forest.nanosecondsPerRow }
  var memoryBytes: Int { forest.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] {
    let datatype = classes.first?.datatype ?? .int64
    return [.init(name: outputName(), datatype: datatype, shape: classes.count == 1 ? [-1] : [-1, classes.count])]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    classes.enumerated().map { index, labels in
      .init(name: outputName(index), datatype: .fp64, shape: [-1, labels.count])
    }
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let means = try forest.means(rows)
    var labels: [TensorValues] = []
    var start = 0
    for output in classes {
      let indices = means.withUnsafeBufferPointer { means in
        (0..<rows.rows).map { row in
          let base = row * forest.width + start
          return NumpySums.argmax(UnsafeBufferPointer(rebasing: means[base..<(base + output.count)]))
        }
      }
      labels.append(output.take(indices))
      start += output.count
    }
    if labels.count == 1 { return [Tensor(name: outputName(), shape: [rows.rows], values: labels[0])] }
    guard let values = ClassLabels.interleave(labels, rows: rows.rows) else {
      throw .failed("The outputs of this RandomForestClassifier have labels of different types.")
    }
    return [Tensor(name: outputName(), shape: [rows.rows, classes.count], values: values)]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let means = try forest.means(rows)
    if classes.count == 1 {
      return [Tensor(name: outputName(), shape: [rows.rows, forest.width], values: .float64(means))]
    }
    var tensors: [Tensor] = []
    var start = 0
    for (index, output) in classes.enumerated() {
      var values: [Double] = []
      values.reserveCapacity(rows.rows * output.count)
      for row in 0..<rows.rows {
        let base = row * forest.width + start
        values.append(contentsOf: means[base..<(base + output.count)])
      }
      tensors.append(
        Tensor(name: outputName(index), shape: [rows.rows, output.count], values: .float64(values)))
      start += output.count
    }
    return tensors
  }
}
