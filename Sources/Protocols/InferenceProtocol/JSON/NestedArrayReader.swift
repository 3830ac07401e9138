internal import Formats

/// Reads a list of lists of … of scalars into a sink and finds its shape; every level must be rectangular.
struct NestedArrayReader<Sink: ElementSink> {
  private(set) var sink: Sink
  /// The lengths found, outermost first.
  private(set) var shape: [Int] = []
  private(set) var elementCount = 0
  /// How many lists a scalar lies in; nil before the first.
  private var leafDepth: Int?
  /// Index in the outermost list, for messages.
  private var outerIndex = 0
  private let depthLimit: Int
  private let elementLimit: Int
  /// What is read, for messages: `instances`, `data of input 'x'`.
  private let subject: String

  init(sink: Sink, subject: String, depthLimit: Int, elementLimit: Int) {
    self.sink = sink
    self.subject = subject
    self.depthLimit = depthLimit
    self.elementLimit = elementLimit
  }

  /// Takes the next value of the scanner, a list or one scalar.
  mutating func read(_ scanner: inout JSONScanner) throws(InferenceRequestError) {
    try readValue(&scanner, depth: 0)
  }

  private mutating func readValue(_ scanner: inout JSONScanner, depth: Int) throws(InferenceRequestError) {
    let token = try scanner.nextToken()
    if case .beginArray = token {
      try readArray(&scanner, depth: depth)
      return
    }
    if leafDepth == nil && shape.count == depth { leafDepth = depth }
    guard leafDepth == depth else {
      throw invalid("\(token.typeName) stands where a list was expected: all must have the same nesting")
    }
    guard elementCount < elementLimit else {
      throw InferenceRequestError(.tooLarge, "\(subject) has more than the limit of \(elementLimit) elements")
    }
    elementCount += 1
    if let problem = try sink.append(token, of: scanner) { throw invalid(problem) }
  }

  private mutating func readArray(_ scanner: inout JSONScanner, depth: Int) throws(InferenceRequestError) {
    guard depth < depthLimit else {
      throw InferenceRequestError(
        .tooLarge, "\(subject) is nested deeper than the limit of \(depthLimit) lists")
    }
    if let leafDepth, depth >= leafDepth {
      throw invalid("a list stands where a number or text was expected: all must have the same nesting")
    }
    let isFirst = shape.count == depth
    if isFirst { shape.append(-1) }
    var count = 0
    if !scanner.takeEnd(of: .array) {
      repeat {
        if depth == 0 { outerIndex = count }
        try readValue(&scanner, depth: depth + 1)
        count += 1
      } while try scanner.hasMore(in: .array)
    }
    if shape[depth] < 0 {
      shape[depth] = count
    } else if shape[depth] != count {
      let place = depth == 1 ? "" : " at depth \(depth + 1)"
      throw invalid("it has \(count) values\(place) where those before have \(shape[depth])")
    }
  }

  private func invalid(_ problem: String) -> InferenceRequestError {
    let place = shape.isEmpty ? subject : "\(subject)[\(outerIndex)]"
    return InferenceRequestError(.invalid, "\(place): \(problem)")
  }
}
