internal import Basics
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime

/// Times a model's row model as the server's direct path calls it.
struct PredictionTiming {
  struct Unfit: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
  }

  static let passes = 5

  /// Nanoseconds per row.
  let single: Double
  let batch: Double
  /// The first outputs added up, to compare with the library's.
  let sum: Double

  static func measure(
    _ model: any LoadedModel, rows bytes: Bytes, isFloat64: Bool, columns: Int
  ) throws -> PredictionTiming {
    guard let rowModel = model.rowModel, rowModel.form.columns == columns,
      let size = rowModel.form.outputDatatype.byteSize
    else { throw Unfit(reason: "the model has no row model of \(columns) columns") }
    let stride = columns * (isFloat64 ? 8 : 4)
    let rows = bytes.count / stride
    let outputBytes = (rowModel.form.outputColumns ?? 1) * size
    let output = UnsafeMutableRawPointer.allocate(byteCount: rows * outputBytes + 16, alignment: 64)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: rowModel.scratchBytes(rows: rows) + rowModel.scratchBytes(rows: 1) + 64, alignment: 64)
    defer {
      output.deallocate()
      scratch.deallocate()
    }
    return try bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { throw Unfit(reason: "no rows") }
      func predict(_ first: Int, _ count: Int) -> Bool {
        let start = base + first * stride
        let values: RowBatch.Values =
          isFloat64
          ? .float64(start.assumingMemoryBound(to: Double.self))
          : .float32(start.assumingMemoryBound(to: Float.self))
        return rowModel.predict(
          RowBatch(rows: count, columns: columns, values: values), into: output + first * outputBytes,
          scratch: scratch)
      }
      guard predict(0, rows) else { throw Unfit(reason: "the row model refuses the rows") }
      let batch = median { _ = predict(0, rows) }
      let single = median { for row in 0..<rows { _ = predict(row, 1) } }
      var sum = 0.0
      for row in 0..<rows {
        let place = output + row * outputBytes
        switch rowModel.form.outputDatatype {
        case .fp64: sum += place.loadUnaligned(as: Double.self)
        case .fp32: sum += Double(place.loadUnaligned(as: Float.self))
        default: break
        }
      }
      return PredictionTiming(single: single / Double(rows), batch: batch / Double(rows), sum: sum)
    }
  }

  private static func median(_ body: () -> Void) -> Double {
    body()
    var times: [Double] = []
    for _ in 0..<passes {
      let start = MonotonicClock.nanoseconds
      body()
      times.append(Double(MonotonicClock.nanoseconds - start))
    }
    return times.sorted()[passes / 2]
  }
}
