internal import InferenceProtocol
internal import ModelRuntime

/// The labels of a `TreeClassifier` without allocations.
struct TreeLabelRows: RowModel {
  private let model: TreeClassifier
  private let labels: LabelElements
  let form: RowForm

  /// nil where labels are texts.
  init?(_ model: TreeClassifier) {
    guard let labels = LabelElements(model.classes) else { return nil }
    self.model = model
    self.labels = labels
    form = RowForm(
      columns: model.identity.featureCount, outputName: outputName(), outputDatatype: model.classes.datatype)
  }

  private var probabilityBytes: Int { (model.probabilityCount * 8 + 15) & ~15 }

  func scratchBytes(rows: Int) -> Int { probabilityBytes + model.ensemble.scratchBytes(rows: rows) }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    guard let sums = model.ensemble.sums(batch, scratch: scratch + probabilityBytes) else { return false }
    let count = model.probabilityCount
    let probabilities = UnsafeMutableBufferPointer(
      start: scratch.bindMemory(to: Double.self, capacity: count), count: count)
    let width = model.ensemble.outputs
    for row in 0..<batch.rows {
      model.forEachLabel(
        UnsafeBufferPointer(start: sums + row &* width, count: width), rows: batch.rows,
        scratch: probabilities
      ) { labels.store($0, at: row, in: output) }
    }
    return true
  }
}

/// The probabilities of a `TreeClassifier` without allocations.
struct TreeProbabilityRows: RowModel {
  private let model: TreeClassifier
  let form: RowForm

  init(_ model: TreeClassifier) {
    self.model = model
    form = RowForm(
      columns: model.identity.featureCount, outputName: outputName(), outputDatatype: .fp64,
      outputColumns: model.probabilityCount)
  }

  func scratchBytes(rows: Int) -> Int {
    ((model.probabilityCount * 8 + 15) & ~15) + model.ensemble.scratchBytes(rows: rows)
  }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    let count = model.probabilityCount
    let own = (count &* 8 &+ 15) & ~15
    guard let sums = model.ensemble.sums(batch, scratch: scratch + own) else { return false }
    let probabilities = UnsafeMutableBufferPointer(
      start: scratch.bindMemory(to: Double.self, capacity: count), count: count)
    let width = model.ensemble.outputs
    for row in 0..<batch.rows {
      model.probabilityRule.apply(
        UnsafeBufferPointer(start: sums + row &* width, count: model.scoreCount), rows: batch.rows,
        into: probabilities)
      for index in 0..<count {
        output.storeBytes(
          of: probabilities[index], toByteOffset: (row &* count &+ index) &* 8, as: Double.self)
      }
    }
    return true
  }
}

/// Labels of a fixed size, ready to be copied to where an answer is built.
struct LabelElements: Sendable {
  private let bytes: [UInt8]
  private let size: Int
  private let count: Int

  init?(_ labels: ClassLabels) {
    guard let bytes = LabelElements.bytes(labels.values), labels.count > 0 else { return nil }
    self.bytes = bytes
    count = labels.count
    size = bytes.count / labels.count
  }

  /// - Precondition: `index` is one of the labels'.
  @inline(__always)
  func store(_ index: Int, at row: Int, in output: UnsafeMutableRawPointer) {
    bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress, index < count else { return }
      (output + row &* size).copyMemory(from: base + index &* size, byteCount: size)
    }
  }

  private static func bytes(_ values: TensorValues) -> [UInt8]? {
    func raw<Element>(_ values: [Element]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
    switch values {
    case .bool(let values): return values.map { $0 ? 1 : 0 }
    case .int8(let values): return raw(values)
    case .int16(let values): return raw(values)
    case .int32(let values): return raw(values)
    case .int64(let values): return raw(values)
    case .uint8(let values): return raw(values)
    case .uint16(let values): return raw(values)
    case .uint32(let values): return raw(values)
    case .uint64(let values): return raw(values)
    case .float32(let values): return raw(values)
    case .float64(let values): return raw(values)
    case .strings, .raw: return nil
    }
  }
}
