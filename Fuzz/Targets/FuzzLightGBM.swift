// fuzz: module=TreesRuntime reader=Sources/Serving/Runtimes/TreesRuntime/LightGBM
import Basics
import InferenceProtocol
import ModelRuntime
import TreesRuntime

/// Any bytes as an LightGBM model file: refused with a reason, or a model that answers (or refuses)
/// any rows, all at once and through its row model.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLightGBM(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let model: any LoadedModel
  do {
    model = try TreesRuntime().load(bytes: bytes, path: "model", options: LoadOptions())
  } catch {
    #if PLANTED_BUG
      if error.message.contains("two parents") || error.message.contains("leads to") { fatalError("planted bug") }
    #endif
    return 0
  }
  guard let columns = model.signature.inputs.first?.shape.last, (1...256).contains(columns) else { return 0 }
  for rows in [1, 11] {
    let special: [Double] = [.nan, 0, -0.0, 1e-40, 3, -2.5, 1e30, .infinity]
    let values = (0..<(rows * columns)).map { special[($0 &* 7 &+ rows) % special.count] }
    let tensor = Tensor(name: "x", shape: [rows, columns], values: .float64(values))
    _ = try? model.predict([tensor])
    predictWithoutAllocations(model, values, rows: rows)
  }
  return 0
}

/// The row model must keep to the memory that it asked for.
private func predictWithoutAllocations(_ model: any LoadedModel, _ values: [Double], rows: Int) {
  guard let rowModel = model.rowModel, let size = rowModel.form.outputDatatype.byteSize else { return }
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
