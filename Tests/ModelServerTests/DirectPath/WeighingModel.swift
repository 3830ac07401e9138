import InferenceProtocol
import ModelRuntime

/// Weighs each row's numbers: output `j` of a row is Σ xᵢ·(i + j + 1). Has a row form with the same results.
struct WeighingModel: LoadedModel, RowModel {
  var columns = 4
  var outputColumns: Int?
  var outputDatatype = DataType.fp64

  var estimatedNanosecondsPerRow: Double { 50 }
  var memoryBytes: Int { 64 }
  var rowModel: (any RowModel)? { self }
  var signature: ModelSignature {
    ModelSignature(
      platform: "fake", inputs: [.init(name: "input-0", datatype: .fp64, shape: [-1, columns])],
      outputs: [
        .init(
          name: "output \"0\"", datatype: outputDatatype, shape: [-1] + (outputColumns.map { [$0] } ?? []))
      ])
  }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    guard let input = request.inputs.first, request.inputs.count == 1, input.shape.count == 2,
      input.shape[1] == columns, let values = input.values.doubles()
    else { throw .invalidInput("the model expects one input of shape [rows, \(columns)]") }
    if values.contains(where: \.isNaN) { throw .invalidInput("Input X contains NaN.") }
    let rows = input.shape[0]
    let width = outputColumns ?? 1
    let sums = (0..<rows * width).map { index in
      weigh(index % width) { values[index / width * columns + $0] }
    }
    let output = outputDatatype == .int64 ? TensorValues.int64(sums.map(Self.whole)) : .float64(sums)
    let final = outputDatatype == .fp32 ? TensorValues.float32(sums.map { Float($0) }) : output
    return [
      Tensor(name: "output \"0\"", shape: [rows] + (outputColumns.map { [$0] } ?? []), values: final)
    ]
  }

  private static func whole(_ value: Double) -> Int64 { Int64(exactly: value.rounded(.down)) ?? -1 }

  private func weigh(_ output: Int, _ value: (Int) -> Double) -> Double {
    var sum = 0.0
    for index in 0..<columns { sum += value(index) * Double(index + output + 1) }
    return sum
  }

  // MARK: rows

  var form: RowForm {
    RowForm(
      columns: columns, outputName: "output \"0\"", outputDatatype: outputDatatype,
      outputColumns: outputColumns)
  }

  func scratchBytes(rows: Int) -> Int { rows * 1024 }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    // All of the room that was asked for is there.
    scratch.initializeMemory(as: UInt8.self, repeating: 0xAA, count: scratchBytes(rows: batch.rows))
    let width = outputColumns ?? 1
    for row in 0..<batch.rows {
      for column in 0..<width {
        let sum: Double
        switch batch.values {
        case .float32(let values): sum = weigh(column) { Double(values[row * columns + $0]) }
        case .float64(let values): sum = weigh(column) { values[row * columns + $0] }
        case .int32(let values): sum = weigh(column) { Double(values[row * columns + $0]) }
        case .int64(let values): sum = weigh(column) { Double(values[row * columns + $0]) }
        }
        if sum.isNaN { return false }
        let index = row * width + column
        switch outputDatatype {
        case .int64: output.storeBytes(of: Self.whole(sum), toByteOffset: index * 8, as: Int64.self)
        case .fp32: output.storeBytes(of: Float(sum), toByteOffset: index * 4, as: Float.self)
        default: output.storeBytes(of: sum, toByteOffset: index * 8, as: Double.self)
        }
      }
    }
    return true
  }
}
