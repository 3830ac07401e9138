/// Numbers in rows, row-major.
struct BoundMatrix: Sendable {
  let values: [Double]
  let rows: Int
  let columns: Int
  /// Whether the file holds float32.
  let isSingle: Bool

  subscript(row: Int, column: Int) -> Double { values[row * columns + column] }

  func row(_ index: Int) -> ArraySlice<Double> { values[(index * columns)..<((index + 1) * columns)] }

  /// Rows and columns exchanged.
  var transposed: BoundMatrix {
    var result = [Double](repeating: 0, count: values.count)
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = values[row * columns + column] }
    }
    return BoundMatrix(values: result, rows: columns, columns: rows, isSingle: isSingle)
  }
}

extension EstimatorState {
  /// A matrix; a list of numbers counts as one row.
  /// - Parameters: `rows` and `columns`, where known, are what the matrix must have.
  func matrix(_ name: String, rows: Int? = nil, columns: Int? = nil) throws(BindError) -> BoundMatrix {
    let array = try array(name)
    guard (1...2).contains(array.shape.count), let width = array.shape.last else {
      throw malformed(name, "a matrix")
    }
    let height = array.shape.count == 2 ? array.shape[0] : 1
    guard rows == nil || rows == height, columns == nil || columns == width else {
      let expected = [rows, columns].map { $0.map(String.init) ?? "any" }
      throw malformed(name, "a matrix of [\(expected.joined(separator: ", "))]")
    }
    return BoundMatrix(
      values: try doubles(name), rows: height, columns: width, isSingle: isSingle(array))
  }

  func isSingle(_ array: NumpyArray) -> Bool { array.dtype.kind == .float && array.dtype.itemSize == 4 }

  /// A vector of `count` numbers.
  func vector(_ name: String, count: Int) throws(BindError) -> [Double] {
    let values = try doubles(name)
    guard values.count == count else { throw malformed(name, "\(count) numbers") }
    return values
  }

  /// The same where the attribute may be None or not there.
  func vectorIfAny(_ name: String, count: Int) throws(BindError) -> [Double]? {
    isNone(name) ? nil : try vector(name, count: count)
  }

  /// A text with a default for versions that have no such parameter.
  func text(_ name: String, default text: String) throws(BindError) -> String {
    has(name) ? try string(name) : text
  }

  func flag(_ name: String, default flag: Bool) throws(BindError) -> Bool {
    has(name) ? try bool(name) : flag
  }

  /// One array of a list of arrays.
  func array(in value: PickleValue, _ name: String) throws(BindError) -> NumpyArray {
    guard case .array(let array)? = binder.graph.node(value) else {
      throw malformed(name, "a list of arrays")
    }
    try binder.spend(elements: array.count)
    try binder.hold(array.count, 8)
    return array
  }

  /// The items of a list, a tuple or an object array.
  func items(_ name: String) throws(BindError) -> [PickleValue] {
    let value = try value(name)
    guard let items = items(value) else { throw malformed(name, "a list") }
    try binder.spend(elements: items.count)
    return items
  }

  func items(_ value: PickleValue) -> [PickleValue]? {
    switch binder.graph.node(value) {
    case .list(let values)?, .tuple(let values)?: return values
    case .array(let array)?:
      if case .objects(let values) = array.storage { return values }
      return nil
    default: return nil
    }
  }

  /// The estimator's attributes of another object in the graph.
  func nested(_ name: String) throws(BindError) -> EstimatorState {
    guard case .object(let object)? = binder.graph.node(try value(name)) else {
      throw malformed(name, "an object")
    }
    return try EstimatorState(object, binder: binder, heldBy: self)
  }
}
