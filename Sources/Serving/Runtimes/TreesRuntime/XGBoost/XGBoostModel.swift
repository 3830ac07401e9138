internal import InferenceProtocol
internal import ModelRuntime
internal import TreeEngine

/// An XGBoost booster in memory; answers what `Booster.predict(DMatrix(rows))` answers, bit for bit.
struct XGBoostModel: LoadedModel, RowModel {
  private enum Predictor: Sendable {
    case trees(TreeForest)
    case linear(LinearBooster)
  }

  private let predictor: Predictor
  private let objective: XGBoostObjective
  /// Where the sums of each output begin.
  private let base: [Float]
  private let featureCount: Int
  private let outputCount: Int
  let signature: ModelSignature
  let form: RowForm

  /// - Parameter usesBestIteration: whether trees after the attribute `best_iteration` are left out, as the
  ///   scikit-learn interface does; `Booster.predict` uses them all.
  init(_ file: XGBoostFile, usesBestIteration: Bool) throws(ModelFileError) {
    guard let objective = XGBoostObjective(name: file.objective) else {
      throw .unsupported(
        "its objective '\(file.objective.prefix(60))' is unknown (known are \(XGBoostObjective.known))")
    }
    self.objective = objective
    featureCount = file.featureCount
    outputCount = file.outputCount
    guard file.baseScore.count == 1 || file.baseScore.count == outputCount else {
      throw .corrupt(offset: nil, "it has \(file.baseScore.count) base scores for \(outputCount) outputs")
    }
    let margins = file.baseScore.map { score in
      var score = score
      if file.isBaseScoreTransformed, !file.objective.hasPrefix("multi:") {
        withUnsafeMutablePointer(to: &score) { objective.transform($0, 1) }
      }
      return objective.margin(score)
    }
    switch file.booster {
    case .linear(let weights):
      // Even where there is one per output, XGBoost's linear booster begins with the first.
      base = Array(repeating: margins[0], count: outputCount)
      predictor = .linear(LinearBooster(weights: weights, features: featureCount, outputs: outputCount))
    case .trees(let trees):
      base = margins.count == outputCount ? margins : Array(repeating: margins[0], count: outputCount)
      let used = usesBestIteration ? XGBoostModel.untilBest(trees, file) : trees
      predictor = .trees(
        try XGBoostForest.build(used, features: featureCount, outputs: outputCount))
    }
    let columns = objective.hasOneResult || outputCount == 1 ? nil : outputCount
    form = RowForm(
      columns: featureCount, outputName: "output-0", outputDatatype: .fp32, outputColumns: columns)
    signature = ModelSignature(
      platform: "xgboost",
      inputs: [.init(name: "input-0", datatype: .fp32, shape: [-1, featureCount])],
      outputs: [.init(name: "output-0", datatype: .fp32, shape: columns.map { [-1, $0] } ?? [-1])],
      featureNames: file.featureNames)
  }

  private static func untilBest(_ trees: XGBoostTrees, _ file: XGBoostFile) -> XGBoostTrees {
    guard let best = file.attributes["best_iteration"].flatMap({ Int($0) }), best >= 0,
      best < file.iterationStarts.count - 1
    else { return trees }
    return trees.prefix(file.iterationStarts[best + 1])
  }

  var rowModel: (any RowModel)? { self }

  var estimatedNanosecondsPerRow: Double {
    let transformation = objective == .identity ? 5.0 : 15.0 * Double(outputCount)
    return switch predictor {
    case .trees(let forest): 40 + forest.estimatedNanosecondsPerRow + transformation
    case .linear: 40 + Double(featureCount * outputCount) * 1.5 + transformation
    }
  }

  var memoryBytes: Int {
    switch predictor {
    case .trees(let forest): forest.memoryBytes
    case .linear(let booster): booster.weights.count * 4
    }
  }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    var rows = try FeatureRows.read(
      request.inputs, featureNames: signature.featureNames, categories: nil, columns: featureCount)
    if rows.columns > featureCount {
      throw .invalidInput(
        "Number of columns does not match number of features in booster: the model has \(featureCount) "
          + "features, the rows have \(rows.columns) columns.")
    }
    // Trailing columns may be left out: they are missing.
    if rows.columns < featureCount { rows.pad(to: featureCount) }
    let width = form.outputColumns ?? 1
    let isDone: Bool
    var values = [Float](repeating: 0, count: rows.rows * width)
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(scratchBytes(rows: rows.rows), 16), alignment: 16)
    defer { scratch.deallocate() }
    isDone = values.withUnsafeMutableBytes { output in
      rows.withBatch { batch in
        guard let output = output.baseAddress, let scratch = scratch.baseAddress else { return true }
        return predict(batch, into: output, scratch: scratch)
      }
    }
    guard isDone else {
      throw .invalidInput(
        "Input data contains `inf` or a value too large, while `missing` is not set to `inf`")
    }
    return [
      Tensor(
        name: "output-0",
        shape: width == 1 && form.outputColumns == nil
          ? [rows.rows]
          : [rows.rows, width], values: .float32(values))
    ]
  }
}

extension XGBoostModel {
  /// One sum per row and output, and what the booster needs.
  func scratchBytes(rows: Int) -> Int {
    let sums = (rows * outputCount * 4 + 15) & ~15
    return switch predictor {
    case .trees(let forest): sums + forest.scratchBytes(rows: rows)
    case .linear: sums
    }
  }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    guard batch.columns == featureCount, !RowFiniteness.hasInfiniteFloat32(batch) else { return false }
    let rows = batch.rows
    let width = outputCount
    // With one result per output the sums grow in the output itself.
    let inPlace = !objective.hasOneResult
    let sums = (inPlace ? output : scratch).assumingMemoryBound(to: Float.self)
    for row in 0..<rows {
      for index in 0..<width { sums[row &* width &+ index] = base[index] }
    }
    switch predictor {
    case .trees(let forest):
      forest.add(batch, to: sums, scratch: scratch + ((rows * width * 4 + 15) & ~15))
    case .linear(let booster): booster.add(batch, to: sums)
    }
    if inPlace {
      if objective == .softmax {
        for row in 0..<rows { objective.transform(sums + row &* width, width) }
      } else {
        objective.transform(sums, rows &* width)
      }
    } else {
      let labels = output.assumingMemoryBound(to: Float.self)
      for row in 0..<rows {
        objective.transform(sums + row &* width, width)
        labels[row] = sums[row &* width]
      }
    }
    return true
  }
}
