internal import Formats

/// Reads rows with named values, as a pandas `DataFrame` takes them: each instance is one object, or a list
/// of them, whose values are scalars (one row), lists (a column's rows) or objects (a column's rows under an
/// index). A name that an instance lacks is a missing value there.
struct TableReader {
  private struct Column {
    let name: String
    var elements = InferredElements()
  }

  private let subject: String
  private let limits: InferenceLimits
  private var columns: [Column] = []
  private var positions: [String: Int] = [:]
  private var rowCount = 0
  private var instanceIndex = 0

  init(subject: String, limits: InferenceLimits) {
    self.subject = subject
    self.limits = limits
  }

  /// Takes the list of instances.
  mutating func read(_ scanner: inout JSONScanner) throws(InferenceRequestError) -> [Tensor] {
    _ = try scanner.nextToken()
    repeat {
      let token = try scanner.nextToken()
      if case .beginArray = token {
        if !scanner.takeEnd(of: .array) {
          repeat { try readRow(try scanner.nextToken(), &scanner) } while try scanner.hasMore(in: .array)
        }
      } else {
        try readRow(token, &scanner)
      }
      instanceIndex += 1
    } while try scanner.hasMore(in: .array)
    return columns.map { Tensor(name: $0.name, shape: [rowCount], values: $0.elements.values()) }
  }

  private mutating func readRow(
    _ token: JSONScanner.Token, _ scanner: inout JSONScanner
  ) throws(InferenceRequestError) {
    guard case .beginObject = token else {
      throw invalid("\(token.typeName) stands where an object with named values was expected")
    }
    var blockRows = 1
    var isBlock = false
    if !scanner.takeEnd(of: .object) {
      repeat {
        let position = try column(try scanner.nextKey())
        let before = columns[position].elements.count
        guard before == rowCount else { throw invalid("the name '\(columns[position].name)' comes twice") }
        if let rows = try readColumn(position, &scanner) {
          if isBlock && rows != blockRows {
            throw invalid(
              "'\(columns[position].name)' has \(rows) rows where the columns before have \(blockRows)")
          }
          isBlock = true
          blockRows = rows
        }
      } while try scanner.hasMore(in: .object)
    }
    try completeColumns(blockRows)
  }

  /// Takes one column's values of an instance.
  /// - Returns: how many rows they are; nil for a scalar, which fits any number.
  private mutating func readColumn(
    _ position: Int, _ scanner: inout JSONScanner
  ) throws(InferenceRequestError) -> Int? {
    let token = try scanner.nextToken()
    let container: JSONScanner.Container
    switch token {
    case .beginArray: container = .array
    case .beginObject: container = .object
    default:
      try append(token, to: position, scanner)
      return nil
    }
    var rows = 0
    if scanner.takeEnd(of: container) { return 0 }
    repeat {
      if container == .object { _ = try scanner.nextKey() }
      try append(try scanner.nextToken(), to: position, scanner)
      rows += 1
    } while try scanner.hasMore(in: container)
    return rows
  }

  private mutating func append(
    _ token: JSONScanner.Token, to position: Int, _ scanner: borrowing JSONScanner
  ) throws(InferenceRequestError) {
    try checkSize(columns[position].elements.count)
    if let problem = try columns[position].elements.append(token, of: scanner) {
      throw invalid("'\(columns[position].name)': \(problem)")
    }
  }

  /// Brings every column to the end of the instance's rows.
  private mutating func completeColumns(_ blockRows: Int) throws(InferenceRequestError) {
    let (end, overflow) = rowCount.addingReportingOverflow(blockRows)
    guard !overflow else { throw invalid("too many rows") }
    try checkSize(end)
    for position in columns.indices {
      let present = columns[position].elements.count - rowCount
      if present == blockRows { continue }
      if present == 1 {
        guard blockRows > 0 else {
          throw invalid("'\(columns[position].name)' has a value where others have no rows")
        }
        columns[position].elements.repeatLast(blockRows - 1)
      } else {
        try appendMissing(blockRows, to: position)
      }
    }
    rowCount = end
  }

  private mutating func appendMissing(_ count: Int, to position: Int) throws(InferenceRequestError) {
    for _ in 0..<count {
      if let problem = columns[position].elements.appendMissing() {
        throw invalid("'\(columns[position].name)': \(problem)")
      }
    }
  }

  private mutating func column(_ name: String) throws(InferenceRequestError) -> Int {
    if let position = positions[name] { return position }
    guard columns.count < limits.tensors else {
      throw InferenceRequestError(.tooLarge, "\(subject): more than the limit of \(limits.tensors) columns")
    }
    columns.append(Column(name: name))
    let position = columns.count - 1
    positions[name] = position
    try appendMissing(rowCount, to: position)
    return position
  }

  /// Missing values make elements that no byte of the body stands for, so the whole table counts.
  private func checkSize(_ rows: Int) throws(InferenceRequestError) {
    let (cells, overflow) = (rows + 1).multipliedReportingOverflow(by: columns.count)
    guard !overflow, cells <= limits.elements else {
      throw InferenceRequestError(
        .tooLarge,
        "\(subject): \(columns.count) columns of \(rows) rows are more than \(limits.elements) elements")
    }
  }

  private func invalid(_ problem: String) -> InferenceRequestError {
    InferenceRequestError(.invalid, "\(subject)[\(instanceIndex)]: \(problem)")
  }
}
