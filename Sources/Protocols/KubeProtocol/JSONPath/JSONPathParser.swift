internal import Formats

/// Reads the text of a path. Every step consumes text; filters hold paths, but no filters within filters
/// deeper than four.
struct JSONPathParser {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var stepCount = 0

  static let maximumFilterDepth = 4

  init(_ text: String) throws(JSONPathError) {
    guard text.utf8.count <= JSONPath.maximumBytes else {
      throw JSONPathError("the JSONPath is longer than \(JSONPath.maximumBytes) bytes")
    }
    var scalars = Array(text.unicodeScalars)
    if scalars.first == "{" && scalars.last == "}" && scalars.count >= 2 {
      scalars = Array(scalars.dropFirst().dropLast())
    }
    self.scalars = scalars
  }

  mutating func parse() throws(JSONPathError) -> [JSONPath.Step] {
    skipSpace()
    if ahead == "$" || ahead == "@" { position += 1 }
    if let scalar = ahead, scalar != ".", scalar != "[" {
      // A bare name, `metadata.name`, is read as `.metadata.name`.
      guard Self.isName(scalar) else { throw failure("unexpected \"\(scalar)\"") }
      let first = try name()
      return [.member(first)] + (try steps(filterDepth: 0, insideFilter: false))
    }
    return try steps(filterDepth: 0, insideFilter: false)
  }

  private var ahead: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private func failure(_ why: String) -> JSONPathError {
    JSONPathError("\(why) at character \(position + 1) of \"\(String(String.UnicodeScalarView(scalars)))\"")
  }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard position + wanted.count <= scalars.count,
      scalars[position..<(position + wanted.count)].elementsEqual(wanted)
    else { return false }
    position += wanted.count
    return true
  }

  private mutating func skipSpace() {
    while ahead == " " || ahead == "\t" { position += 1 }
  }

  private mutating func steps(filterDepth: Int, insideFilter: Bool) throws(JSONPathError) -> [JSONPath.Step] {
    var steps: [JSONPath.Step] = []
    while let scalar = ahead {
      if scalar == "." {
        position += 1
        if ahead == "." {
          position += 1
          steps.append(.descendants)
          if ahead == "[" { continue }
        }
        if ahead == "[" { continue }
        if take("*") {
          steps.append(.allChildren)
        } else if steps.isEmpty && ahead == nil {
          break  // `.` is the whole document
        } else {
          steps.append(.member(try name()))
        }
      } else if scalar == "[" {
        position += 1
        steps.append(try bracket(filterDepth: filterDepth))
      } else if insideFilter {
        break
      } else {
        throw failure("unexpected \"\(scalar)\"")
      }
      stepCount += 1
      if stepCount > JSONPath.maximumSteps {
        throw JSONPathError("the JSONPath has more than \(JSONPath.maximumSteps) steps")
      }
    }
    return steps
  }

  private static func isName(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case ".", "[", "]", "(", ")", " ", "\t", "=", "!", "<", ">", "'", "\"", ",", "?", "*", "@", "$", "{", "}",
      "&",
      "|":
      false
    default: true
    }
  }

  /// A member's name; a backslash takes the next character as it is: `foo\.bar`.
  private mutating func name() throws(JSONPathError) -> String {
    var name = String.UnicodeScalarView()
    while let scalar = ahead {
      if scalar == "\\" {
        position += 1
        guard let escaped = ahead else { throw failure("the path ends with a backslash") }
        name.append(escaped)
      } else if Self.isName(scalar) {
        name.append(scalar)
      } else {
        break
      }
      position += 1
    }
    guard !name.isEmpty else { throw failure("a name is missing") }
    return String(name)
  }

  private mutating func bracket(filterDepth: Int) throws(JSONPathError) -> JSONPath.Step {
    skipSpace()
    if take("?(") {
      guard filterDepth < Self.maximumFilterDepth else { throw failure("filters are nested too deeply") }
      let condition = try condition(filterDepth: filterDepth + 1)
      skipSpace()
      guard take(")") else { throw failure("\")\" is missing") }
      skipSpace()
      guard take("]") else { throw failure("\"]\" is missing") }
      return .filter(condition)
    }
    var items: [JSONPath.Step] = []
    while true {
      skipSpace()
      items.append(try bracketItem())
      skipSpace()
      if take(",") { continue }
      guard take("]") else { throw failure("\"]\" is missing") }
      return items.count == 1 ? items[0] : .union(items)
    }
  }

  private mutating func bracketItem() throws(JSONPathError) -> JSONPath.Step {
    if take("*") { return .allChildren }
    if ahead == "'" || ahead == "\"" { return .member(try quotedText()) }
    let start = try integer()
    guard take(":") else {
      guard let start else { throw failure("an index, a name in quotes, * or ?( is missing") }
      return .slice(start: start, end: start == -1 ? nil : start + 1, step: 1)
    }
    let end = try integer()
    var step = 1
    if take(":") { step = try integer() ?? 1 }
    guard step > 0 else { throw failure("the step must be 1 or more") }
    return .slice(start: start, end: end, step: step)
  }

  private mutating func integer() throws(JSONPathError) -> Int? {
    let start = position
    if ahead == "-" { position += 1 }
    while let digit = ahead, ("0"..."9").contains(digit) { position += 1 }
    if position == start { return nil }
    let text = String(String.UnicodeScalarView(scalars[start..<position]))
    guard let value = Int32(text) else { throw failure("\"\(text)\" is no index") }
    return Int(value)
  }

  private mutating func quotedText() throws(JSONPathError) -> String {
    guard let quote = ahead else { throw failure("a quoted text is missing") }
    position += 1
    var text = String.UnicodeScalarView()
    while let scalar = ahead {
      position += 1
      if scalar == quote { return String(text) }
      if scalar == "\\", let escaped = ahead {
        position += 1
        text.append(escaped)
      } else {
        text.append(scalar)
      }
    }
    throw failure("the closing quote is missing")
  }

  private mutating func condition(filterDepth: Int) throws(JSONPathError) -> JSONPath.Condition {
    let left = try operand(filterDepth: filterDepth)
    skipSpace()
    for comparison: JSONPath.Comparison in [
      .equal, .notEqual, .lessOrEqual, .greaterOrEqual, .less, .greater,
    ] where take(comparison.rawValue) {
      return JSONPath.Condition(
        left: left, comparison: comparison, right: try operand(filterDepth: filterDepth))
    }
    guard ahead == ")" else { throw failure("a comparison (==, !=, <, <=, >, >=) is expected") }
    return JSONPath.Condition(left: left)
  }

  private mutating func operand(filterDepth: Int) throws(JSONPathError) -> JSONPath.Operand {
    skipSpace()
    guard let scalar = ahead else { throw failure("the filter is not complete") }
    switch scalar {
    case "'", "\"": return .literal(.string(try quotedText()))
    case "@", "$":
      position += 1
      return .path(try steps(filterDepth: filterDepth, insideFilter: true), fromRoot: scalar == "$")
    default: break
    }
    var word = String.UnicodeScalarView()
    while let next = ahead, Self.isName(next) || next == "." {
      word.append(next)
      position += 1
    }
    switch String(word) {
    case "true": return .literal(true)
    case "false": return .literal(false)
    case "null": return .literal(.null)
    case let text:
      guard let value = try? JSONValue(parsing: text), case .number = value else {
        throw failure("\"\(text)\" is no value; put text into quotes")
      }
      return .literal(value)
    }
  }
}
