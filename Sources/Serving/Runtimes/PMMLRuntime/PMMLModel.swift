internal import InferenceProtocol
internal import ModelRuntime
internal import XML

/// A PMML document in memory.
struct PMMLModel: LoadedModel {
  private let program: PMMLProgram
  let signature: ModelSignature
  let memoryBytes: Int

  init(_ program: PMMLProgram, fileBytes: Int) {
    self.program = program
    // Measured on forests: an element becomes about this much, plus its texts.
    memoryBytes = fileBytes + program.size * 200
    signature = ModelSignature(
      platform: "pmml",
      inputs: program.inputs.map {
        .init(name: $0.field.name, datatype: Self.datatype($0.field.type), shape: [-1])
      },
      outputs: program.outputs.map { .init(name: $0.name, datatype: Self.datatype($0.type), shape: [-1]) },
      featureNames: program.inputs.map(\.field.name))
  }

  /// A record touches a part of the document only; composites touch one path per segment.
  var estimatedNanosecondsPerRow: Double { 2_000 + Double(program.size) * 10 }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    let columns = try PMMLColumns(request.inputs, program.inputs)
    var results = program.outputs.map { _ in [FieldValue]() }
    for index in results.indices { results[index].reserveCapacity(columns.rows) }
    let record = Record(program.sources)
    for row in 0..<columns.rows {
      record.reset()
      for (column, input) in program.inputs.enumerated() {
        record.set(input.slot, columns.value(row: row, column: column))
      }
      do throws(EvaluationError) {
        let result = try program.model.score(record)
        for (index, output) in program.outputs.enumerated() {
          results[index].append(
            try output.slot.map { slot throws(EvaluationError) in
              try record.value(slot)
            } ?? result.value)
        }
      } catch {
        throw .invalidInput(columns.rows > 1 ? "row \(row): \(error.message)" : error.message)
      }
    }
    return zip(program.outputs, results).map { output, values in
      Tensor(name: output.name, shape: [values.count], values: Self.elements(values, output.type))
    }
  }

  private static func datatype(_ type: FieldType) -> DataType {
    switch type {
    case .integer: .int64
    case .double: .fp64
    case .float: .fp32
    case .boolean: .bool
    case .string, .date, .time, .dateTime: .bytes
    }
  }

  /// Whole numbers and booleans have no form for a missing value: such a column becomes numbers with NaN.
  private static func elements(_ values: [FieldValue], _ type: FieldType) -> TensorValues {
    switch type {
    case .string, .date, .time, .dateTime: return .strings(values.map { $0.text ?? "" })
    case .float: return .float32(values.map { $0.number.map { Float($0) } ?? .nan })
    case .integer:
      let whole = values.compactMap { $0.number.flatMap { Int64(exactly: $0) } }
      if whole.count == values.count { return .int64(whole) }
    case .boolean:
      let booleans = values.compactMap { $0.number.map { $0 == 1 } }
      if booleans.count == values.count { return .bool(booleans) }
    case .double: break
    }
    return .float64(values.map { $0.number ?? .nan })
  }
}
