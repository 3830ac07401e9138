internal import XML

/// What computes a derived field.
indirect enum PMMLExpression: Sendable {
  case constant(FieldValue)
  case field(slot: Int, mapMissingTo: FieldValue?)
  case continuous(PMMLExpression, LinearNorm)
  /// 1 where the field has the value, else 0.
  case indicator(PMMLExpression, FieldValue, mapMissingTo: FieldValue?)
  case discretized(PMMLExpression, Discretization)
  case mapped([PMMLExpression], MappedValues)
  case call(FunctionCall)

  func evaluate(_ record: Record) throws(EvaluationError) -> FieldValue {
    switch self {
    case .constant(let value): return value
    case .field(let slot, let replacement):
      let value = try record.value(slot)
      return value.isMissing ? replacement ?? .missing : value
    case .continuous(let input, let norm): return norm.apply(try input.evaluate(record).number)
    case .indicator(let input, let wanted, let replacement):
      let value = try input.evaluate(record)
      if value.isMissing { return replacement ?? .missing }
      return .number(value == wanted || value.ordered(with: wanted) == 0 ? 1 : 0)
    case .discretized(let input, let bins): return bins.apply(try input.evaluate(record).number)
    case .mapped(let inputs, let table):
      var key: [FieldValue] = []
      key.reserveCapacity(inputs.count)
      for input in inputs { key.append(try input.evaluate(record)) }
      return table.apply(key)
    case .call(let call): return try call.evaluate(record)
    }
  }
}

/// `NormContinuous`: a line through given points.
struct LinearNorm: Sendable {
  let points: [(original: Double, norm: Double)]
  let outliers: String
  let mapMissingTo: FieldValue?

  init(_ element: XMLElement) throws(PMMLError) {
    var points: [(original: Double, norm: Double)] = []
    for point in element.all("LinearNorm") {
      points.append((try point.requiredNumber("orig"), try point.requiredNumber("norm")))
    }
    guard points.count >= 2 else {
      throw PMMLError(.corrupt, "its element NormContinuous has fewer than two LinearNorm points")
    }
    self.points = points.sorted { $0.original < $1.original }
    outliers = element["outliers"] ?? "asIs"
    mapMissingTo = try element.number("mapMissingTo").map(FieldValue.number)
  }

  func apply(_ value: Double?) -> FieldValue {
    guard let value, let first = points.first, let last = points.last else { return mapMissingTo ?? .missing }
    if value < first.original || value > last.original {
      if outliers == "asMissingValues" { return mapMissingTo ?? .missing }
      if outliers == "asExtremeValues" { return .number(value < first.original ? first.norm : last.norm) }
    }
    var upper = 1
    while upper < points.count - 1, value > points[upper].original { upper += 1 }
    return .number(Self.line(value, points[upper - 1], points[upper]))
  }

  /// The original of a normalised value, for a network's output.
  func invert(_ value: Double) -> Double {
    let ordered = points.sorted { $0.norm < $1.norm }
    var upper = 1
    while upper < ordered.count - 1, value > ordered[upper].norm { upper += 1 }
    let (low, high) = (ordered[upper - 1], ordered[upper])
    return (value - low.norm) / (high.norm - low.norm) * (high.original - low.original) + low.original
  }

  private static func line(
    _ value: Double, _ low: (original: Double, norm: Double), _ high: (original: Double, norm: Double)
  ) -> Double {
    low.norm + (value - low.original) / (high.original - low.original) * (high.norm - low.norm)
  }
}

/// `Discretize`: intervals and what they stand for.
struct Discretization: Sendable {
  let bins: [(interval: FieldInterval, value: FieldValue)]
  let defaultValue: FieldValue?
  let mapMissingTo: FieldValue?

  init(_ element: XMLElement, _ type: FieldType) throws(PMMLError) {
    var bins: [(interval: FieldInterval, value: FieldValue)] = []
    for bin in element.all("DiscretizeBin") {
      guard let interval = bin.first("Interval") else { throw .missing("Interval", in: bin) }
      let text = try bin.required("binValue")
      bins.append((try FieldInterval(interval), type.parse(text) ?? .text(text)))
    }
    self.bins = bins
    defaultValue = element["defaultValue"].map { type.parse($0) ?? .text($0) }
    mapMissingTo = element["mapMissingTo"].map { type.parse($0) ?? .text($0) }
  }

  func apply(_ value: Double?) -> FieldValue {
    guard let value else { return mapMissingTo ?? .missing }
    return bins.first { $0.interval.contains(value) }?.value ?? defaultValue ?? .missing
  }
}

/// `MapValues`: a table from one or more fields' values to another.
struct MappedValues: Sendable {
  private let table: [[FieldValue]: FieldValue]
  private let defaultValue: FieldValue?
  private let mapMissingTo: FieldValue?

  /// - Parameter columns: the names of the table's columns that the fields stand for, with their types.
  init(_ element: XMLElement, columns: [(name: String, type: FieldType)], _ type: FieldType) throws(PMMLError)
  {
    let output = try element.required("outputColumn")
    guard let inline = element.first("InlineTable") else {
      throw .unsupported("MapValues without an InlineTable")
    }
    var table: [[FieldValue]: FieldValue] = [:]
    for row in inline.all("row") {
      var key: [FieldValue] = []
      for column in columns {
        guard let text = row.first(column.name)?.text else { break }
        key.append(column.type.parse(text) ?? .text(text))
      }
      guard key.count == columns.count, let text = row.first(output)?.text else { continue }
      if table[key] == nil { table[key] = type.parse(text) ?? .text(text) }
    }
    self.table = table
    defaultValue = element["defaultValue"].map { type.parse($0) ?? .text($0) }
    mapMissingTo = element["mapMissingTo"].map { type.parse($0) ?? .text($0) }
  }

  func apply(_ key: [FieldValue]) -> FieldValue {
    if key.contains(.missing) { return mapMissingTo ?? .missing }
    return table[key] ?? defaultValue ?? .missing
  }
}
