import Basics
import InferenceProtocol
import ModelRuntime

/// A model file of trees: refused with a reason, or a model that answers (or refuses) any rows, all at once and
/// through its row model. `isPlanted` tells which refusals are the planted bug.
func driveTrees(
  _ load: () throws(ModelLoadError) -> any LoadedModel, isPlanted: (ModelLoadError) -> Bool
) {
  let model: any LoadedModel
  do {
    model = try load()
  } catch {
    #if PLANTED_BUG
      if isPlanted(error) { fatalError("planted bug") }
    #endif
    return
  }
  guard let columns = model.signature.inputs.first?.shape.last, (1...256).contains(columns) else { return }
  let special: [Double] = [.nan, 0, -0.0, 1e-40, 3, -2.5, 1e30, .infinity]
  // Infinities may be refused before anything is predicted, so each number of rows comes with and without them.
  for (rows, numbers) in [(1, special), (11, special), (1, special.dropLast()), (11, special.dropLast())] {
    let values = (0..<(rows * columns)).map { numbers[($0 &* 5 &+ rows) % numbers.count] }
    for function in model.functions {
      let tensor = Tensor(name: "x", shape: [rows, columns], values: .float64(values))
      _ = try? model.predict(PredictRequest(inputs: [tensor], function: function))
    }
    predictWithoutAllocations(model, values, rows: rows)
  }
  guard model.estimatedNanosecondsPerRow >= 0, model.memoryBytes >= 0 else { fatalError("a negative size") }
}

/// The row model of a loaded model must keep to the memory that it asked for.
func predictWithoutAllocations(_ model: any LoadedModel, _ values: [Double], rows: Int) {
  guard let rowModel = model.rowModel, rowModel.form.columns &* rows == values.count,
    let size = rowModel.form.outputDatatype.byteSize
  else { return }
  let outputBytes = size * rows * (rowModel.form.outputColumns ?? 1)
  guard outputBytes < 1 << 24, rowModel.scratchBytes(rows: rows) < 1 << 26 else { return }
  let output = UnsafeMutableRawPointer.allocate(byteCount: max(outputBytes, 1), alignment: 16)
  let scratch = UnsafeMutableRawPointer.allocate(
    byteCount: max(rowModel.scratchBytes(rows: rows), 1), alignment: 16)
  defer {
    output.deallocate()
    scratch.deallocate()
  }
  values.withUnsafeBufferPointer { buffer in
    guard let start = buffer.baseAddress else { return }
    let batch = RowBatch(rows: rows, columns: rowModel.form.columns, values: .float64(start))
    _ = rowModel.predict(batch, into: output, scratch: scratch)
  }
}
