internal import InferenceProtocol

/// `classes_`: what the class indices stand for, in the type that numpy would return.
struct ClassLabels: Sendable {
  let values: TensorValues

  var count: Int { values.count }
  var datatype: DataType { values.datatype }

  /// `classes_.take(indices)`; indices come from the predictors and lie within `0..<count`.
  func take(_ indices: [Int]) -> TensorValues {
    switch values {
    case .bool(let labels): .bool(indices.map { labels[$0] })
    case .int8(let labels): .int8(indices.map { labels[$0] })
    case .int16(let labels): .int16(indices.map { labels[$0] })
    case .int32(let labels): .int32(indices.map { labels[$0] })
    case .int64(let labels): .int64(indices.map { labels[$0] })
    case .uint8(let labels): .uint8(indices.map { labels[$0] })
    case .uint16(let labels): .uint16(indices.map { labels[$0] })
    case .uint32(let labels): .uint32(indices.map { labels[$0] })
    case .uint64(let labels): .uint64(indices.map { labels[$0] })
    case .float32(let labels): .float32(indices.map { labels[$0] })
    case .float64(let labels): .float64(indices.map { labels[$0] })
    case .strings(let labels): .strings(indices.map { labels[$0] })
    // Labels are read from arrays, never from the wire.
    case .raw: values
    }
  }

  /// The labels of several outputs one after the other; nil where their types differ.
  static func concatenate(_ parts: [ClassLabels]) -> ClassLabels? {
    guard var joined = parts.first?.values else { return nil }
    for part in parts.dropFirst() {
      switch (joined, part.values) {
      case (.bool(let left), .bool(let right)): joined = .bool(left + right)
      case (.int8(let left), .int8(let right)): joined = .int8(left + right)
      case (.int16(let left), .int16(let right)): joined = .int16(left + right)
      case (.int32(let left), .int32(let right)): joined = .int32(left + right)
      case (.int64(let left), .int64(let right)): joined = .int64(left + right)
      case (.uint8(let left), .uint8(let right)): joined = .uint8(left + right)
      case (.uint16(let left), .uint16(let right)): joined = .uint16(left + right)
      case (.uint32(let left), .uint32(let right)): joined = .uint32(left + right)
      case (.uint64(let left), .uint64(let right)): joined = .uint64(left + right)
      case (.float32(let left), .float32(let right)): joined = .float32(left + right)
      case (.float64(let left), .float64(let right)): joined = .float64(left + right)
      case (.strings(let left), .strings(let right)): joined = .strings(left + right)
      default: return nil
      }
    }
    return ClassLabels(values: joined)
  }
}

extension ClassLabels {
  func index(ofNumber number: Double) -> Int? { values.doubles()?.firstIndex(of: number) }

  func index(ofText text: String) -> Int? {
    guard case .strings(let labels) = values else { return nil }
    return labels.firstIndex(of: text)
  }

  /// Where each of the labels stands among these; -1 for one that is not among them.
  func indices(of labels: TensorValues) -> [Int] {
    if case .strings(let texts) = labels {
      guard case .strings(let own) = values else { return [Int](repeating: -1, count: texts.count) }
      let places = Dictionary(zip(own, 0...), uniquingKeysWith: { first, _ in first })
      return texts.map { places[$0] ?? -1 }
    }
    if case .int64(let numbers) = labels, case .int64(let own) = values {
      let places = Dictionary(zip(own, 0...), uniquingKeysWith: { first, _ in first })
      return numbers.map { places[$0] ?? -1 }
    }
    let numbers = labels.doubles() ?? []
    let places = Dictionary(zip(values.doubles() ?? [], 0...), uniquingKeysWith: { first, _ in first })
    return numbers.map { places[$0] ?? -1 }
  }
}
