internal import InferenceProtocol

/// One cell of a column that is not all numbers: what a Python object there would be.
enum TableCell: Sendable, Hashable {
  /// `None`.
  case missing
  /// Booleans and integers too, which Python compares by value.
  case number(Double)
  case text(String)

  var isNaN: Bool {
    if case .number(let number) = self { return number.isNaN }
    return false
  }

  /// `float(cell)`; nil where Python raises an error.
  var double: Double? {
    switch self {
    case .missing: .nan
    case .number(let number): number
    case .text(let text): Double(text.trimmingASCIIWhitespace())
    }
  }

  /// As Python's `repr` shows it.
  var description: String {
    switch self {
    case .missing: "None"
    case .number(let number):
      number.isNaN
        ? "nan" : number == number.rounded() && number.magnitude < 1e15 ? "\(Int(number))" : "\(number)"
    case .text(let text): "'\(String(quoting: text, limit: 60))'"
    }
  }
}

/// One column of a table, in its own type.
enum TableColumn: Sendable {
  case numbers(TensorValues)
  case objects([TableCell])

  var count: Int {
    switch self {
    case .numbers(let values): values.count
    case .objects(let cells): cells.count
    }
  }

  var isNumeric: Bool {
    if case .numbers = self { return true }
    return false
  }

  /// The column as objects.
  var cells: [TableCell] {
    switch self {
    case .numbers(let values): (values.doubles() ?? []).map { .number($0) }
    case .objects(let cells): cells
    }
  }

  /// `astype(float64)`; a text that is no number becomes NaN (`firstText` tells that before).
  var doubles: [Double] {
    switch self {
    case .numbers(let values): values.doubles() ?? []
    case .objects(let cells): cells.map { $0.double ?? .nan }
    }
  }

  /// The first text that is no number.
  var firstText: String? {
    guard case .objects(let cells) = self else { return nil }
    for cell in cells {
      if case .text(let text) = cell, cell.double == nil { return text }
    }
    return nil
  }
}

extension String {
  func trimmingASCIIWhitespace() -> Substring {
    var slice = self[...]
    while let first = slice.utf8.first, first == 0x20 || (0x09...0x0d).contains(first) { slice.removeFirst() }
    while let last = slice.utf8.last, last == 0x20 || (0x09...0x0d).contains(last) { slice.removeLast() }
    return slice
  }
}
