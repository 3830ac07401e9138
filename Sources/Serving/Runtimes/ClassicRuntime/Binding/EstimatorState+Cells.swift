extension EstimatorState {
  /// A Python value as a cell of a table; nil for what no table holds.
  func cell(_ value: PickleValue) -> TableCell? {
    switch value {
    case .none: .missing
    case .bool(let flag): .number(flag ? 1 : 0)
    case .integer(let number): .number(Double(number))
    case .float(let number): .number(number)
    case .string(let text): .text(text)
    default: nil
    }
  }

  /// The elements of an array of numbers, texts or objects.
  func cells(_ array: NumpyArray, _ name: String) throws(BindError) -> [TableCell] {
    try binder.spend(elements: array.count)
    try binder.hold(array.count, array.textBytes + 64)
    if case .objects(let values) = array.storage {
      let cells = values.compactMap { cell($0) }
      guard cells.count == values.count else {
        throw .unsupported("\(className).\(name) holds objects that are neither numbers nor text")
      }
      return cells
    }
    if let numbers = array.doubles() { return numbers.map { .number($0) } }
    if let texts = array.strings() { return texts.map { .text($0) } }
    throw malformed(name, "an array of numbers or text")
  }

  /// One array per feature.
  func cellLists(_ name: String, count: Int) throws(BindError) -> [[TableCell]] {
    let items = try items(name)
    guard items.count == count else { throw malformed(name, "a list of \(count) arrays") }
    var lists: [[TableCell]] = []
    for item in items { lists.append(try cells(try array(in: item, name), name)) }
    return lists
  }

  /// `missing_values`.
  func missingValue(_ name: String = "missing_values") throws(BindError) -> MissingValue {
    switch try value(name) {
    case .none: return .none
    case .float(let number): return number.isNaN ? .nan : .number(number)
    case .integer(let number): return .number(Double(number))
    case .string(let text): return .text(text)
    default: throw .unsupported("its \(className) has missing_values of a kind that cannot be read here")
    }
  }

  /// The name of a class or function that an attribute holds.
  func globalName(_ name: String) throws(BindError) -> String? {
    if case .global(let global) = try value(name) { return global.name }
    return nil
  }

  /// `dtype` of an encoder.
  func encoderType(_ name: String = "dtype") throws(BindError) -> EncoderType {
    var text: String?
    switch try value(name) {
    case .global(let global): text = global.name
    case .string(let code): text = code
    case .node:
      if case .dtype(let dtype)? = binder.graph.node(try value(name)) { text = dtype.name }
    default: break
    }
    switch text {
    case "float64", "float", "f8", "d": return .float64
    case "float32", "f4", "f": return .float32
    case "int64", "int", "intp", "i8", "longlong": return .int64
    case "int32", "intc", "i4": return .int32
    default:
      throw .unsupported("its \(className) has a dtype that is not float64, float32, int64 or int32")
    }
  }

  /// Positions of True in a boolean array, or the integers of an integer array, below `count`.
  func positions(_ name: String, count: Int) throws(BindError) -> [Int] {
    let array = try array(name)
    let numbers = try integers(name)
    guard array.dtype.kind == .bool else {
      guard numbers.allSatisfy({ (0..<count).contains($0) }) else {
        throw malformed(name, "a list of columns")
      }
      return numbers
    }
    guard numbers.count == count else { throw malformed(name, "a mask of \(count) columns") }
    return numbers.indices.filter { numbers[$0] != 0 }
  }

  /// Entries of a dictionary.
  func entries(_ name: String) throws(BindError) -> [PickleEntry] {
    guard case .dictionary(let entries)? = binder.graph.node(try value(name)) else {
      throw malformed(name, "a dictionary")
    }
    try binder.spend(elements: entries.count)
    return entries
  }
}
