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
    }
  }

  /// Labels of several outputs, `[rows][outputs]`; all have the first one's type.
  static func interleave(_ outputs: [TensorValues], rows: Int) -> TensorValues? {
    func merged<Element>(_ columns: [[Element]?]) -> [Element]? {
      let present = columns.compactMap { $0 }
      guard present.count == columns.count else { return nil }
      var values: [Element] = []
      values.reserveCapacity(rows * columns.count)
      for row in 0..<rows { for column in present { values.append(column[row]) } }
      return values
    }
    switch outputs.first {
    case .bool?: return merged(outputs.map { if case .bool(let v) = $0 { v } else { nil } }).map { .bool($0) }
    case .int64?: return merged(outputs.map { if case .int64(let v) = $0 { v } else { nil } }).map { .int64($0) }
    case .int32?: return merged(outputs.map { if case .int32(let v) = $0 { v } else { nil } }).map { .int32($0) }
    case .strings?:
      return merged(outputs.map { if case .strings(let v) = $0 { v } else { nil } }).map { .strings($0) }
    case .float32?:
      return merged(outputs.map { if case .float32(let v) = $0 { v } else { nil } }).map { .float32($0) }
    default: return merged(outputs.map { $0.doubles() }).map { .float64($0) }
    }
  }
}
