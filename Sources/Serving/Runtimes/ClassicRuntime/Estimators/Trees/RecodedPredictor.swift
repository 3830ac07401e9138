internal import InferenceProtocol
internal import ModelRuntime

/// The codes of one column's categories; what is none of them counts as missing.
struct CategoryCodes: Sendable {
  var numbers: [Double: Double] = [:]
  var texts: [String: Double] = [:]

  init() {}

  init(numbers: [Double]) {
    for (code, number) in numbers.enumerated() where !number.isNaN { self.numbers[number] = Double(code) }
  }

  init(texts: [String]) {
    for (code, text) in texts.enumerated() { self.texts[text] = Double(code) }
  }

  func code(_ number: Double) -> Double { number.isNaN ? .nan : numbers[number] ?? .nan }

  func code(_ cell: TableCell) -> Double {
    switch cell {
    case .missing: .nan
    case .number(let number): code(number)
    case .text(let text): texts[text] ?? .nan
    }
  }
}

/// Where one column of the trees comes from.
enum HistogramColumn: Sendable {
  case number(source: Int)
  case categories(source: Int, CategoryCodes)
}

/// Histogram gradient boosting with categorical features: encodes their columns and puts them first, then
/// asks the trees.
struct RecodedPredictor: Predictor {
  let identity: EstimatorIdentity
  let columns: [HistogramColumn]
  let inner: any Predictor

  var featureNames: [String]? { inner.featureNames }
  var takesTables: Bool { true }
  var nanosecondsPerRow: Double { inner.nanosecondsPerRow + Double(columns.count) * 25 }
  var memoryBytes: Int { inner.memoryBytes + columns.count * 64 }
  var outputs: [ModelSignature.TensorSpec] { inner.outputs }
  var probabilityOutputs: [ModelSignature.TensorSpec]? { inner.probabilityOutputs }
  var decisionOutputs: [ModelSignature.TensorSpec]? { inner.decisionOutputs }
  var classLabels: ClassLabels? { inner.classLabels }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] { try inner.predict(try recoded(rows)) }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try inner.predictProbabilities(try recoded(rows))
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try inner.decisionFunction(try recoded(rows))
  }

  private func recoded(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    try RowChecks.requireShape(rows, for: identity)
    var result = [Double](repeating: 0, count: rows.rows * columns.count)
    if case .table(let table) = rows.content {
      for (target, column) in columns.enumerated() {
        let values = try encoded(column, table)
        for row in 0..<rows.rows { result[row * columns.count + target] = values[row] }
      }
    } else {
      let values = rows.doubles()
      for row in 0..<rows.rows {
        for (target, column) in columns.enumerated() {
          let code = code(column) { values[row * columns.count + $0] }
          guard let code else {
            let type = rows.isFloat32 ? "float32" : "float64"
            throw .invalidInput("Input contains infinity or a value too large for dtype('\(type)').")
          }
          result[row * columns.count + target] = code
        }
      }
    }
    return RowMatrix(rows: rows.rows, columns: columns.count, values: .float64(result))
  }

  /// nil for an infinite category, which the encoder refuses.
  @inline(__always)
  func code(_ column: HistogramColumn, _ value: (Int) -> Double) -> Double? {
    switch column {
    case .number(let source): return value(source)
    case .categories(let source, let codes):
      let number = value(source)
      return number.isInfinite ? nil : codes.code(number)
    }
  }

  private func encoded(
    _ column: HistogramColumn, _ table: [TableColumn]
  ) throws(PredictError) -> [Double] {
    switch column {
    case .number(let source):
      if let text = table[source].firstText {
        throw .invalidInput("could not convert string to float: '\(String(quoting: text, limit: 60))'")
      }
      return table[source].doubles
    case .categories(let source, let codes): return table[source].cells.map { codes.code($0) }
    }
  }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? {
    guard let rows = inner.rowModel(function) else { return nil }
    return RecodedRows(model: self, inner: rows)
  }
}

/// A `RecodedPredictor` over rows of numbers, without allocations.
struct RecodedRows: RowModel {
  let model: RecodedPredictor
  let inner: any RowModel

  var form: RowForm { inner.form }
  private func codeBytes(_ rows: Int) -> Int { (rows * model.columns.count * 8 + 15) & ~15 }
  func scratchBytes(rows: Int) -> Int { codeBytes(rows) + inner.scratchBytes(rows: rows) }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    let width = model.columns.count
    guard batch.columns == width else { return false }
    let codes = scratch.bindMemory(to: Double.self, capacity: batch.rows * width)
    for row in 0..<batch.rows {
      for target in 0..<width {
        let code = model.code(model.columns[target]) { source in
          let index = row &* width &+ source
          return switch batch.values {
          case .float32(let values): Double(values[index])
          case .float64(let values): values[index]
          case .int32(let values): Double(values[index])
          case .int64(let values): Double(values[index])
          }
        }
        guard let code else { return false }
        codes[row &* width &+ target] = code
      }
    }
    return inner.predict(
      RowBatch(rows: batch.rows, columns: width, values: .float64(codes)), into: output,
      scratch: scratch + codeBytes(batch.rows))
  }
}
