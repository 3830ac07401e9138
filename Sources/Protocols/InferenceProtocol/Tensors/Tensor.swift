/// A named array of numbers or strings, row-major.
public struct Tensor: Sendable, Hashable {
  public var name: String
  public var shape: [Int]
  public var values: TensorValues

  /// - Precondition: `values.count` is the product of `shape`; readers check that with `elementCount(of:)`.
  public init(name: String, shape: [Int], values: TensorValues) {
    self.name = name
    self.shape = shape
    self.values = values
  }

  public var datatype: DataType { values.datatype }

  /// The product of a shape; nil where a dimension is negative or the product does not fit.
  public static func elementCount(of shape: [Int]) -> Int? {
    var count = 1
    for dimension in shape {
      guard dimension >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      if overflow { return nil }
      count = product
    }
    return count
  }
}

/// The elements of a tensor in one of the types that runtimes work with.
public enum TensorValues: Sendable, Hashable {
  case bool([Bool])
  case int8([Int8])
  case int16([Int16])
  case int32([Int32])
  case int64([Int64])
  case uint8([UInt8])
  case uint16([UInt16])
  case uint32([UInt32])
  case uint64([UInt64])
  case float32([Float])
  case float64([Double])
  /// Text or raw bytes; V1 and V2 JSON show them as strings.
  case strings([String])
  /// Any type in its binary form: FP16 and BF16, texts that are no UTF-8, and what came in binary and was not
  /// unpacked yet.
  case raw(RawElements)

  public var datatype: DataType {
    switch self {
    case .bool: .bool
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .float32: .fp32
    case .float64: .fp64
    case .strings: .bytes
    case .raw(let elements): elements.datatype
    }
  }

  public var count: Int {
    switch self {
    case .bool(let values): values.count
    case .int8(let values): values.count
    case .int16(let values): values.count
    case .int32(let values): values.count
    case .int64(let values): values.count
    case .uint8(let values): values.count
    case .uint16(let values): values.count
    case .uint32(let values): values.count
    case .uint64(let values): values.count
    case .float32(let values): values.count
    case .float64(let values): values.count
    case .strings(let values): values.count
    case .raw(let elements): elements.count
    }
  }

  /// The elements as doubles (by value: `Double.init` alone would take a `UInt64` for a bit pattern), as
  /// numpy's `astype(float64)` converts them; nil for strings.
  public func doubles() -> [Double]? {
    switch self {
    case .bool(let values): values.map { $0 ? 1 : 0 }
    case .int8(let values): values.map { Double($0) }
    case .int16(let values): values.map { Double($0) }
    case .int32(let values): values.map { Double($0) }
    case .int64(let values): values.map { Double($0) }
    case .uint8(let values): values.map { Double($0) }
    case .uint16(let values): values.map { Double($0) }
    case .uint32(let values): values.map { Double($0) }
    case .uint64(let values): values.map { Double($0) }
    case .float32(let values): values.map { Double($0) }
    case .float64(let values): values
    case .strings: nil
    case .raw(let elements): elements.datatype == .bytes ? nil : elements.unpacked()?.doubles()
    }
  }

  /// The same elements in the array form of their type where they came in binary (FP16 and BF16 as float32,
  /// texts that are no UTF-8 stay as they are); else themselves.
  public func unpacked() -> TensorValues {
    guard case .raw(let elements) = self else { return self }
    return elements.unpacked() ?? self
  }
}
