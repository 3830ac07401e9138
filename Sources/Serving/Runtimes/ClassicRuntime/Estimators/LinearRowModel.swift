internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// A linear model without allocations: float64 coefficients, whatever type the rows have.
struct LinearRowModel: RowModel {
  enum Outcome: Sendable {
    case values(isExponential: Bool)
    /// The label of the largest score, or of the sign of the only one.
    case labels(RowLabels)
  }

  let scores: LinearScores
  let outcome: Outcome
  let form: RowForm

  func scratchBytes(rows: Int) -> Int { 8 * (form.columns + scores.count) }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    guard batch.columns == form.columns else { return false }
    let row = scratch.assumingMemoryBound(to: Double.self)
    let values = row + form.columns
    for index in 0..<batch.rows {
      guard batch.loadFinite(row: index, into: row) else { return false }
      scores.score(row, into: values)
      switch outcome {
      case .values(let isExponential):
        let target = output.assumingMemoryBound(to: Double.self) + index &* scores.count
        for score in 0..<scores.count {
          target[score] = isExponential ? apus_exp(values[score]) : values[score]
        }
      case .labels(let labels):
        var best = 0
        if scores.count == 1 {
          best = values[0] > 0 ? 1 : 0
        } else {
          for score in 1..<scores.count where values[score] > values[best] { best = score }
        }
        labels.store(best, into: output, at: index)
      }
    }
    return true
  }
}

/// Labels of fixed size, as the bytes that the answer holds.
struct RowLabels: Sendable {
  let datatype: DataType
  /// `size` bytes per label.
  private let bytes: [UInt8]
  private let size: Int

  /// nil for text.
  init?(_ labels: ClassLabels) {
    datatype = labels.datatype
    switch labels.values {
    case .bool(let values): (bytes, size) = (values.map { $0 ? 1 : 0 }, 1)
    case .int8(let values): (bytes, size) = RowLabels.raw(values)
    case .int16(let values): (bytes, size) = RowLabels.raw(values)
    case .int32(let values): (bytes, size) = RowLabels.raw(values)
    case .int64(let values): (bytes, size) = RowLabels.raw(values)
    case .uint8(let values): (bytes, size) = RowLabels.raw(values)
    case .uint16(let values): (bytes, size) = RowLabels.raw(values)
    case .uint32(let values): (bytes, size) = RowLabels.raw(values)
    case .uint64(let values): (bytes, size) = RowLabels.raw(values)
    case .float32(let values): (bytes, size) = RowLabels.raw(values)
    case .float64(let values): (bytes, size) = RowLabels.raw(values)
    case .strings, .raw: return nil
    }
  }

  private static func raw<Element: BitwiseCopyable>(_ values: [Element]) -> ([UInt8], Int) {
    (values.withUnsafeBytes { Array($0) }, MemoryLayout<Element>.size)
  }

  /// Writes label `index` as element `position`; `index` is one of the classes.
  func store(_ index: Int, into output: UnsafeMutableRawPointer, at position: Int) {
    bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      (output + position &* size).copyMemory(from: base + index &* size, byteCount: size)
    }
  }
}

extension RowBatch {
  /// Widens one row to doubles; false where a value is not finite.
  func loadFinite(row: Int, into target: UnsafeMutablePointer<Double>) -> Bool {
    load(row: row, into: target)
    var sum = 0.0
    // Anything but zero times zero is not finite.
    for column in 0..<columns { sum += target[column] * 0 }
    return sum == 0
  }

  /// Widens one row to doubles.
  func load(row: Int, into target: UnsafeMutablePointer<Double>) {
    let start = row &* columns
    switch values {
    case .float32(let source): for column in 0..<columns { target[column] = Double(source[start &+ column]) }
    case .float64(let source): for column in 0..<columns { target[column] = source[start &+ column] }
    case .int32(let source): for column in 0..<columns { target[column] = Double(source[start &+ column]) }
    case .int64(let source): for column in 0..<columns { target[column] = Double(source[start &+ column]) }
    }
  }
}
