internal import Formats

/// Elements of a declared datatype; each is checked to be one and to fit.
struct TypedElements: ElementSink {
  private enum Family { case bool, signed(ClosedRange<Int64>), unsigned(UInt64), single, double, text }

  private let datatype: DataType
  private let family: Family
  /// Booleans and signed integers.
  private var integers: [Int64] = []
  private var naturals: [UInt64] = []
  private var singles: [Float] = []
  private var doubles: [Double] = []
  private var strings: [String] = []

  /// Nil for types that have no JSON form.
  init?(_ datatype: DataType) {
    self.datatype = datatype
    switch datatype {
    case .bool: family = .bool
    case .int8: family = .signed(Int64(Int8.min)...Int64(Int8.max))
    case .int16: family = .signed(Int64(Int16.min)...Int64(Int16.max))
    case .int32: family = .signed(Int64(Int32.min)...Int64(Int32.max))
    case .int64: family = .signed(.min ... .max)
    case .uint8: family = .unsigned(UInt64(UInt8.max))
    case .uint16: family = .unsigned(UInt64(UInt16.max))
    case .uint32: family = .unsigned(UInt64(UInt32.max))
    case .uint64: family = .unsigned(.max)
    case .fp32: family = .single
    case .fp64: family = .double
    case .bytes: family = .text
    case .fp16, .bf16: return nil
    }
  }

  mutating func append(
    _ token: JSONScanner.Token, of scanner: borrowing JSONScanner
  ) throws(InferenceRequestError) -> String? {
    switch (family, token) {
    case (.bool, .bool(let value)): integers.append(value ? 1 : 0)
    case (.bool, .number):
      guard case .integer(let value) = scanner.numberValue, value == 0 || value == 1 else {
        return mismatch(scanner)
      }
      integers.append(value)
    case (.signed(let range), .number):
      guard let value = Self.whole(scanner), range.contains(value) else { return mismatch(scanner) }
      integers.append(value)
    case (.unsigned(let limit), .number):
      guard let value = Self.wholeUnsigned(scanner), value <= limit else { return mismatch(scanner) }
      naturals.append(value)
    case (.single, .number):
      let value = Float(scanner.doubleValue)
      guard value.isFinite else { return mismatch(scanner) }
      singles.append(value)
    case (.double, .number):
      let value = scanner.doubleValue
      guard value.isFinite else { return mismatch(scanner) }
      doubles.append(value)
    // What this server writes for NaN is also read as that.
    case (.single, .null): singles.append(.nan)
    case (.double, .null): doubles.append(.nan)
    case (.text, .string): strings.append(try scanner.text())
    default: return "expected \(datatype.rawValue), found \(token.typeName)"
    }
    return nil
  }

  consuming func values() -> TensorValues {
    switch datatype {
    case .bool: .bool(integers.map { $0 != 0 })
    case .int8: .int8(integers.map(Int8.init(truncatingIfNeeded:)))
    case .int16: .int16(integers.map(Int16.init(truncatingIfNeeded:)))
    case .int32: .int32(integers.map(Int32.init(truncatingIfNeeded:)))
    case .int64: .int64(integers)
    case .uint8: .uint8(naturals.map(UInt8.init(truncatingIfNeeded:)))
    case .uint16: .uint16(naturals.map(UInt16.init(truncatingIfNeeded:)))
    case .uint32: .uint32(naturals.map(UInt32.init(truncatingIfNeeded:)))
    case .uint64: .uint64(naturals)
    case .fp32: .float32(singles)
    case .fp64, .fp16, .bf16: .float64(doubles)
    case .bytes: .strings(strings)
    }
  }

  private func mismatch(_ scanner: borrowing JSONScanner) -> String {
    "expected \(datatype.rawValue), found \(scanner.numberText.prefix(40))"
  }

  /// Integers may also be written `2.0` or `2e3`.
  private static func whole(_ scanner: borrowing JSONScanner) -> Int64? {
    switch scanner.numberValue {
    case .integer(let value): value
    case .double(let value): Int64(exactly: value)
    }
  }

  private static func wholeUnsigned(_ scanner: borrowing JSONScanner) -> UInt64? {
    switch scanner.numberValue {
    case .integer(let value): UInt64(exactly: value)
    case .double(let value): UInt64(scanner.numberText) ?? UInt64(exactly: value)
    }
  }
}
