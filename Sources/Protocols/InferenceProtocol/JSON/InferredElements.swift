internal import Formats

/// Takes scalars one by one, whatever they are.
protocol ElementSink {
  /// - Returns: what is wrong with the element, where it does not belong to those before it.
  mutating func append(
    _ token: JSONScanner.Token, of scanner: borrowing JSONScanner
  ) throws(InferenceRequestError) -> String?
}

/// Elements whose type is inferred as `numpy.array` does: all booleans stay booleans, all integers are INT64,
/// any fraction makes FP64 of all, text stays text. `null` among numbers is NaN, as a missing value is in
/// pandas.
struct InferredElements: ElementSink {
  enum Kind: Sendable { case none, bool, integer, double, string }

  private(set) var kind = Kind.none
  /// Booleans and integers.
  private var integers: [Int64] = []
  private var doubles: [Double] = []
  private var strings: [String] = []

  var count: Int {
    switch kind {
    case .none: 0
    case .bool, .integer: integers.count
    case .double: doubles.count
    case .string: strings.count
    }
  }

  mutating func append(
    _ token: JSONScanner.Token, of scanner: borrowing JSONScanner
  ) throws(InferenceRequestError) -> String? {
    switch token {
    case .number:
      if kind == .string { return Self.mixture }
      switch scanner.numberValue {
      case .integer(let value):
        append(integer: value, isBool: false)
      case .double(let value):
        guard value.isFinite else { return "the number \(scanner.numberText.prefix(40)) is out of range" }
        append(double: value)
      }
    case .bool(let value):
      if kind == .string { return Self.mixture }
      append(integer: value ? 1 : 0, isBool: true)
    case .null: return appendMissing()
    case .string:
      guard kind == .string || kind == .none else { return Self.mixture }
      kind = .string
      strings.append(try scanner.text())
    case .beginArray, .beginObject: return "\(token.typeName) stands where a number or text was expected"
    }
    return nil
  }

  /// - Returns: what is wrong, where a missing value has no form among the elements so far.
  mutating func appendMissing() -> String? {
    if kind == .string { return "a value is missing (null) among text" }
    append(double: .nan)
    return nil
  }

  /// Repeats the last element.
  mutating func repeatLast(_ times: Int) {
    switch kind {
    case .none: break
    case .bool, .integer: if let last = integers.last { integers += repeatElement(last, count: times) }
    case .double: if let last = doubles.last { doubles += repeatElement(last, count: times) }
    case .string: if let last = strings.last { strings += repeatElement(last, count: times) }
    }
  }

  /// An empty array is FP64, as in numpy.
  consuming func values() -> TensorValues {
    switch kind {
    case .none: .float64([])
    case .bool: .bool(integers.map { $0 != 0 })
    case .integer: .int64(integers)
    case .double: .float64(doubles)
    case .string: .strings(strings)
    }
  }

  private static let mixture = "text and numbers are mixed"

  private mutating func append(integer: Int64, isBool: Bool) {
    if kind == .double {
      doubles.append(Double(integer))
      return
    }
    if kind == .none { kind = isBool ? .bool : .integer }
    if kind == .bool && !isBool { kind = .integer }
    integers.append(integer)
  }

  private mutating func append(double: Double) {
    if kind != .double {
      doubles = integers.map { Double($0) }
      integers = []
      kind = .double
    }
    doubles.append(double)
  }
}
