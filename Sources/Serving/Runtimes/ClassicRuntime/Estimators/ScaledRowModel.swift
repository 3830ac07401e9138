internal import InferenceProtocol
internal import ModelRuntime

/// A pipeline of scalers and a model that needs no allocations, row by row.
struct ScaledRowModel: RowModel {
  let scalers: [ColumnScaler]
  let model: any RowModel
  let form: RowForm
  private let outputStride: Int

  /// nil where a step is no scaler, or the last one has no such form.
  init?(_ chain: TransformerChain, _ last: any Predictor, _ function: ModelFunction) {
    var scalers: [ColumnScaler] = []
    for step in [chain.first] + chain.rest {
      guard let scaler = step as? ColumnScaler else { return nil }
      scalers.append(scaler)
    }
    guard let model = last.rowModel(function), let size = model.form.outputDatatype.byteSize,
      model.form.columns == chain.identity.featureCount,
      scalers.allSatisfy({ $0.identity.featureCount == model.form.columns })
    else { return nil }
    self.scalers = scalers
    self.model = model
    form = model.form
    outputStride = size * (model.form.outputColumns ?? 1)
  }

  /// The scaled row, then what the model needs for one.
  private var rowBytes: Int { (form.columns * 8 + 15) / 16 * 16 }

  func scratchBytes(rows: Int) -> Int { rowBytes + model.scratchBytes(rows: 1) }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    guard batch.columns == form.columns else { return false }
    let doubles = scratch.assumingMemoryBound(to: Double.self)
    let floats = scratch.assumingMemoryBound(to: Float.self)
    for index in 0..<batch.rows {
      guard batch.loadFinite(row: index, into: doubles) else { return false }
      var values = RowBatch.Values.float64(doubles)
      if case .float32(let source) = batch.values {
        for column in 0..<form.columns { floats[column] = source[index &* form.columns &+ column] }
        for scaler in scalers { scaler.scale(floats) }
        values = .float32(floats)
      } else {
        for scaler in scalers { scaler.scale(doubles) }
      }
      let row = RowBatch(rows: 1, columns: form.columns, values: values)
      let target = output + index &* outputStride
      guard model.predict(row, into: target, scratch: scratch + rowBytes) else { return false }
    }
    return true
  }
}
