/// Splits a head into its start line and fields, by offsets into the connection's buffer. Resumable: it
/// remembers how far it has looked, so a head that comes byte by byte costs no more than one that comes at
/// once.
struct HTTPHeadScanner {
  /// Offsets of one field, from the head's first byte.
  struct Field {
    var nameStart: Int32
    var nameEnd: Int32
    var valueStart: Int32
    var valueEnd: Int32

    var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
  }

  enum Progress {
    case incomplete
    /// With the length of the head.
    case complete(Int)
    case failure(HTTPWireError)
  }

  private let limits: HTTPWireLimits
  private(set) var startLine: Range<Int> = 0..<0
  private(set) var fields: [Field] = []
  /// A value holds bytes above ASCII.
  private(set) var hasHighBytes = false
  private var lineStart = 0
  private var searched = 0
  private var hasStartLine = false
  private var skippedEmptyLines = 0

  /// RFC 9112 §2.2: empty lines before a request are forgiven, as some clients send one after a body.
  private static let emptyLineLimit = 4

  init(limits: HTTPWireLimits) { self.limits = limits }

  /// Ready for the next head; keeps its memory.
  mutating func reset() {
    startLine = 0..<0
    fields.removeAll(keepingCapacity: true)
    hasHighBytes = false
    lineStart = 0
    searched = 0
    hasStartLine = false
    skippedEmptyLines = 0
  }

  /// - Parameter bytes: everything received from the head's first byte on.
  mutating func scan(_ bytes: UnsafeRawBufferPointer) -> Progress {
    while true {
      guard let end = findLineFeed(bytes) else { return limitFailure(bytes.count) ?? .incomplete }
      if end &+ 1 > limits.headBytes { return .failure(Self.headTooLong) }
      guard end > lineStart, bytes[end &- 1] == HTTPCharacters.carriageReturn else {
        return .failure(HTTPWireError(400, "a line of the head ends in a bare line feed"))
      }
      let line = lineStart..<(end &- 1)
      lineStart = end &+ 1
      searched = lineStart
      if hasStartLine {
        if line.isEmpty { return .complete(lineStart) }
        if let error = addField(bytes, line) { return .failure(error) }
      } else if line.isEmpty {
        skippedEmptyLines &+= 1
        if skippedEmptyLines > Self.emptyLineLimit { return .failure(Self.tooManyEmptyLines) }
      } else {
        if line.count > limits.startLineBytes { return .failure(Self.startLineTooLong) }
        startLine = line
        hasStartLine = true
      }
    }
  }

  private mutating func findLineFeed(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var index = searched
    let end = min(bytes.count, limits.headBytes &+ 1)
    while index < end {
      if bytes[index] == HTTPCharacters.lineFeed { return index }
      index &+= 1
    }
    searched = index
    return nil
  }

  private func limitFailure(_ received: Int) -> Progress? {
    if !hasStartLine && received &- lineStart > limits.startLineBytes &+ 2 {
      return .failure(Self.startLineTooLong)
    }
    return received > limits.headBytes ? .failure(Self.headTooLong) : nil
  }

  private mutating func addField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> HTTPWireError? {
    guard fields.count < limits.headerFields else {
      return HTTPWireError(431, "the head has more than \(limits.headerFields) fields")
    }
    switch Self.parseField(bytes, line) {
    case .failure(let error): return error
    case .success(let (field, high)):
      fields.append(field)
      hasHighBytes = hasHighBytes || high
      return nil
    }
  }

  /// One field line without its end; also used for trailers.
  static func parseField(
    _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>
  ) -> Result<(Field, hasHighBytes: Bool), HTTPWireError> {
    let end = line.upperBound
    var index = line.lowerBound
    while index < end, HTTPCharacters.isToken(bytes[index]) { index &+= 1 }
    let nameEnd = index
    guard index < end, bytes[index] == UInt8(ascii: ":"), nameEnd > line.lowerBound else {
      let first = line.isEmpty ? 0 : bytes[line.lowerBound]
      if first == HTTPCharacters.space || first == HTTPCharacters.tab {
        return .failure(HTTPWireError(400, "a header field is folded over several lines"))
      }
      return .failure(
        HTTPWireError(400, "a header field's name is empty or has a character that names cannot have"))
    }
    let value = HTTPCharacters.trimmed(bytes, (index &+ 1)..<end)
    var all: UInt8 = 0
    for position in value {
      let byte = bytes[position]
      if !HTTPCharacters.isFieldValue(byte) {
        return .failure(HTTPWireError(400, "a header field's value has a control character"))
      }
      all |= byte
    }
    // Heads are limited far below 2 GiB.
    let field = Field(
      nameStart: Int32(truncatingIfNeeded: line.lowerBound), nameEnd: Int32(truncatingIfNeeded: nameEnd),
      valueStart: Int32(truncatingIfNeeded: value.lowerBound),
      valueEnd: Int32(truncatingIfNeeded: value.upperBound))
    return .success((field, all >= 128))
  }

  private static let tooManyEmptyLines = HTTPWireError(
    400, "more than \(emptyLineLimit) empty lines come before the request")
  private static let startLineTooLong = HTTPWireError(414, "the request line is too long")
  private static let headTooLong = HTTPWireError(431, "the head is too long")
}
