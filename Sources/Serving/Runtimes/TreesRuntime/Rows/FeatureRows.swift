internal import InferenceProtocol
internal import ModelRuntime

/// A request's rows as one row-major block, in the element type that the library would calculate with.
struct FeatureRows {
  private enum Values {
    case float32([Float])
    case float64([Double])
    case int32([Int32])
    case int64([Int64])
  }

  let rows: Int
  private(set) var columns: Int
  private var values: Values

  /// One tensor `[rows, features]`, or one column per tensor: put in the order of the model's names where it
  /// has some.
  /// - Parameter categories: the texts of categorical columns, whose codes the model knows.
  static func read(
    _ inputs: [Tensor], featureNames: [String]?, categories: [Int: [String]]?, columns: Int
  ) throws(PredictError) -> FeatureRows {
    guard let first = inputs.first else {
      throw .invalidInput("The request has no input tensor; one of shape [rows, \(columns)] is needed.")
    }
    for tensor in inputs where Tensor.elementCount(of: tensor.shape) != tensor.values.count {
      throw .invalidInput(
        "Input '\(tensor.name)' has shape \(tensor.shape) and \(tensor.values.count) elements.")
    }
    let isNamedColumn = first.shape.count == 1 && featureNames == [first.name]
    if inputs.count > 1 || isNamedColumn {
      return try stack(try order(inputs, featureNames), categories ?? [:])
    }
    guard first.shape.count == 2 else {
      throw .invalidInput(
        "Please reshape the input data into 2-dimensional matrix: input '\(first.name)' has shape "
          + "\(first.shape), [rows, \(columns)] is needed.")
    }
    guard let values = numbers(first.values.unpacked()) else {
      throw .invalidInput("Input '\(first.name)' holds texts; the model needs numbers.")
    }
    return FeatureRows(rows: first.shape[0], columns: first.shape[1], values: values)
  }

  private init(rows: Int, columns: Int, values: Values) {
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  private static func numbers(_ values: TensorValues) -> Values? {
    switch values {
    case .float32(let values): .float32(values)
    case .float64(let values): .float64(values)
    case .int64(let values): .int64(values)
    case .int32(let values): .int32(values)
    case .bool(let values): .int32(values.map { $0 ? 1 : 0 })
    case .int8(let values): .int32(values.map { Int32($0) })
    case .int16(let values): .int32(values.map { Int32($0) })
    case .uint8(let values): .int32(values.map { Int32($0) })
    case .uint16(let values): .int32(values.map { Int32($0) })
    case .uint32(let values): .int64(values.map { Int64($0) })
    case .uint64(let values): .float32(values.map { Float($0) })
    case .strings, .raw: nil
    }
  }

  private static func order(
    _ inputs: [Tensor], _ featureNames: [String]?
  ) throws(PredictError) -> [Tensor] {
    guard let featureNames else { return inputs }
    var columns: [String: Tensor] = [:]
    for tensor in inputs {
      guard columns.updateValue(tensor, forKey: tensor.name) == nil else {
        throw .invalidInput("The request has two inputs named '\(tensor.name)'.")
      }
    }
    let missing = featureNames.filter { columns[$0] == nil }
    let known = Set(featureNames)
    let unknown = inputs.map(\.name).filter { !known.contains($0) }
    guard missing.isEmpty, unknown.isEmpty else {
      var message = "feature_names mismatch: the model expects \(list(featureNames))."
      if !missing.isEmpty { message += " Missing in the request: \(list(missing))." }
      if !unknown.isEmpty { message += " Unknown to the model: \(list(unknown))." }
      throw .invalidInput(message)
    }
    return featureNames.compactMap { columns[$0] }
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
  }

  private static func stack(
    _ columns: [Tensor], _ categories: [Int: [String]]
  ) throws(PredictError) -> FeatureRows {
    let rows = columns.first?.values.count ?? 0
    var blocks: [[Double]] = []
    for (index, tensor) in columns.enumerated() {
      guard tensor.shape.count == 1 || (tensor.shape.count == 2 && tensor.shape[1] == 1) else {
        throw .invalidInput(
          "Input '\(tensor.name)' has shape \(tensor.shape); with several inputs each must be one column, "
            + "[rows] or [rows, 1].")
      }
      guard tensor.values.count == rows else {
        throw .invalidInput(
          "Input '\(tensor.name)' has \(tensor.values.count) rows, '\(columns[0].name)' has \(rows).")
      }
      let values = tensor.values.unpacked()
      if case .strings(let texts) = values, let known = categories[index] {
        let codes = Dictionary(known.enumerated().map { ($1, Double($0)) }) { first, _ in first }
        blocks.append(texts.map { codes[$0] ?? .nan })
      } else if let numbers = values.doubles() {
        blocks.append(numbers)
      } else {
        throw .invalidInput("Input '\(tensor.name)' holds texts; the model needs numbers.")
      }
    }
    var values: [Double] = []
    values.reserveCapacity(rows * columns.count)
    for row in 0..<rows {
      for block in blocks { values.append(block[row]) }
    }
    return FeatureRows(rows: rows, columns: columns.count, values: .float64(values))
  }

  /// Appends missing values to each row.
  mutating func pad(to width: Int) {
    let old: [Double]
    switch values {
    case .float32(let values): old = values.map { Double($0) }
    case .float64(let values): old = values
    case .int32(let values): old = values.map { Double($0) }
    case .int64(let values): old = values.map { Double($0) }
    }
    var padded: [Double] = []
    padded.reserveCapacity(rows * width)
    for row in 0..<rows {
      padded.append(contentsOf: old[(row * columns)..<((row + 1) * columns)])
      padded.append(contentsOf: repeatElement(.nan, count: width - columns))
    }
    values = .float64(padded)
    columns = width
  }

  /// The rows as a batch that lives as long as the call; false where there are none.
  func withBatch(_ body: (RowBatch) -> Bool) -> Bool {
    switch values {
    case .float32(let values): pass(values, body) { .float32($0) }
    case .float64(let values): pass(values, body) { .float64($0) }
    case .int32(let values): pass(values, body) { .int32($0) }
    case .int64(let values): pass(values, body) { .int64($0) }
    }
  }

  private func pass<Element>(
    _ values: [Element], _ body: (RowBatch) -> Bool, _ wrap: (UnsafePointer<Element>) -> RowBatch.Values
  ) -> Bool {
    values.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return true }
      return body(RowBatch(rows: rows, columns: columns, values: wrap(base)))
    }
  }
}
