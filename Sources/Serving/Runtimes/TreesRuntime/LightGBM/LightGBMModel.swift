internal import InferenceProtocol
internal import ModelRuntime
internal import TreeEngine

/// A LightGBM booster in memory; answers what `Booster.predict(rows)` answers, bit for bit.
struct LightGBMModel: LoadedModel, RowModel {
  private enum Predictor: Sendable {
    case constant(TreeForest)
    case linear(LinearLeafSums)
  }

  private let predictor: Predictor
  private let objective: LightGBMObjective
  private let outputCount: Int
  /// What the sums are divided by: random forests average.
  private let divisor: Double?
  private let categories: [Int: [String]]
  private let featureCount: Int
  let signature: ModelSignature
  let form: RowForm

  init(_ file: LightGBMFile) throws(ModelFileError) {
    objective = try LightGBMObjective(file.objective)
    outputCount = file.treesPerIteration
    featureCount = file.featureNames.count
    categories = file.categories
    let iterations = file.trees.count / file.treesPerIteration
    divisor = file.averagesOutput ? Double(iterations) : nil
    if file.trees.contains(where: { $0.linear != nil }) {
      for (number, tree) in file.trees.enumerated() {
        let features = tree.linear?.features ?? []
        guard features.allSatisfy({ $0 >= 0 && $0 < file.featureNames.count }) else {
          throw .corrupt(offset: nil, "tree \(number) has a linear leaf with a feature that there is not")
        }
      }
      let leaves = try LightGBMForest.build(file, answersLeaves: true)
      predictor = .linear(LinearLeafSums(leaves: leaves, trees: file.trees, outputs: outputCount))
    } else {
      predictor = .constant(try LightGBMForest.build(file, answersLeaves: false))
    }
    let columns = outputCount == 1 ? nil : outputCount
    form = RowForm(
      columns: featureCount, outputName: "output-0", outputDatatype: .fp64, outputColumns: columns)
    signature = ModelSignature(
      platform: "lightgbm",
      inputs: [.init(name: "input-0", datatype: .fp64, shape: [-1, featureCount])],
      outputs: [.init(name: "output-0", datatype: .fp64, shape: columns.map { [-1, $0] } ?? [-1])],
      featureNames: file.featureNames)
  }

  var rowModel: (any RowModel)? { self }

  var estimatedNanosecondsPerRow: Double {
    let transformation = objective.isIdentity ? 5.0 : 20.0 * Double(outputCount)
    return switch predictor {
    case .constant(let forest): 40 + forest.estimatedNanosecondsPerRow + transformation
    case .linear(let sums):
      60 + sums.leaves.estimatedNanosecondsPerRow + Double(sums.trees.count) * 20 + transformation
    }
  }

  var memoryBytes: Int {
    switch predictor {
    case .constant(let forest): forest.memoryBytes
    case .linear(let sums):
      sums.leaves.memoryBytes
        + sums.trees.reduce(0) { total, tree in
          total + (tree.leafCount + (tree.linear?.features.count ?? 0)) * 32 + tree.features.count * 40
        }
    }
  }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    let rows = try FeatureRows.read(
      request.inputs, featureNames: signature.featureNames, categories: categories, columns: featureCount)
    guard rows.columns == featureCount else {
      throw .invalidInput(
        "The number of features in data (\(rows.columns)) is not the same as it was in training data "
          + "(\(featureCount)).")
    }
    let width = form.outputColumns ?? 1
    var values = [Double](repeating: 0, count: rows.rows * width)
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(scratchBytes(rows: rows.rows), 16), alignment: 16)
    defer { scratch.deallocate() }
    let isDone = values.withUnsafeMutableBytes { output in
      rows.withBatch { batch in
        guard let output = output.baseAddress, let scratch = scratch.baseAddress else { return true }
        return predict(batch, into: output, scratch: scratch)
      }
    }
    guard isDone else { throw .failed("The rows could not be predicted.") }
    let shape = form.outputColumns == nil ? [rows.rows] : [rows.rows, width]
    return [Tensor(name: "output-0", shape: shape, values: .float64(values))]
  }
}

extension LightGBMModel {
  func scratchBytes(rows: Int) -> Int {
    switch predictor {
    case .constant(let forest): forest.scratchBytes(rows: rows)
    case .linear(let sums): sums.scratchBytes()
    }
  }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    guard batch.columns == featureCount else { return false }
    let sums = output.assumingMemoryBound(to: Double.self)
    let count = batch.rows &* outputCount
    for index in 0..<count { sums[index] = 0 }
    switch predictor {
    case .constant(let forest): forest.add(batch, to: sums, scratch: scratch)
    case .linear(let linear): linear.add(batch, to: sums, scratch: scratch)
    }
    if let divisor {
      for index in 0..<count { sums[index] /= divisor }
    }
    if objective == .softmax {
      for row in 0..<batch.rows { objective.transform(sums + row &* outputCount, outputCount) }
    } else {
      objective.transform(sums, count)
    }
    return true
  }
}
