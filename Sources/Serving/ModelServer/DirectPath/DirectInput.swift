internal import Formats
internal import ModelRuntime

/// The numbers of a plain request and what its answer must repeat. Reads one pass over the body; whatever is
/// not plain, or wrong, gives nil: the general path answers, with the message if one is due.
struct DirectInput {
  /// Where the request's own id lies in the body; nil where there is none.
  var id: Range<Int>?
  var rows = 0
  var columns = 0
  var element = JSONNumbers.Element.float64

  private init() {}

  /// Where the numbers go.
  struct Room {
    let start: UnsafeMutableRawPointer
    /// In elements of 8 bytes.
    let capacity: Int
    /// For long texts: only what vector instructions can read is read.
    var onlyByVectors = false
  }

  func batch(_ room: Room) -> RowBatch? {
    let values: RowBatch.Values
    switch element {
    case .float32: values = .float32(UnsafePointer(room.start.assumingMemoryBound(to: Float.self)))
    case .float64: values = .float64(UnsafePointer(room.start.assumingMemoryBound(to: Double.self)))
    case .int32: values = .int32(UnsafePointer(room.start.assumingMemoryBound(to: Int32.self)))
    case .int64: values = .int64(UnsafePointer(room.start.assumingMemoryBound(to: Int64.self)))
    case .inferred: return nil
    }
    return RowBatch(rows: rows, columns: columns, values: values)
  }

  // MARK: V1

  /// `{"instances": [[…], …]}` or `{"inputs": [[…], …]}`.
  static func readV1(_ body: UnsafeRawBufferPointer, into room: Room) -> DirectInput? {
    var scanner = JSONScanner(body)
    guard peek(&scanner, body) == UInt8(ascii: "{"), case .beginObject? = try? scanner.next(),
      peek(&scanner, body) == UInt8(ascii: "\""), (try? scanner.keyBytes()) != nil,
      !scanner.tokenHasEscapes,
      equal(scanner.tokenBytes, "instances") || equal(scanner.tokenBytes, "inputs"),
      let numbers = JSONNumbers.read(
        body, at: scanner.peekOffset(), as: .inferred, allowsNull: true, into: room.start,
        capacity: room.capacity, onlyByVectors: room.onlyByVectors),
      numbers.depth == 2
    else { return nil }
    scanner.resume(at: numbers.end)
    guard peek(&scanner, body) == UInt8(ascii: "}"), scanner.takeEnd(of: .object),
      scanner.peekOffset() == body.count
    else { return nil }
    var input = DirectInput()
    input.rows = numbers.rows
    input.columns = numbers.columns
    input.element = numbers.element
    return input
  }

  // MARK: V2

  /// `{"id": …, "inputs": [{"name", "shape": [rows, columns], "datatype", "data"}]}` in any order, but for
  /// `data`, which must follow its datatype.
  static func readV2(_ body: UnsafeRawBufferPointer, into room: Room) -> DirectInput? {
    var scanner = JSONScanner(body)
    guard peek(&scanner, body) == UInt8(ascii: "{"), case .beginObject? = try? scanner.next() else {
      return nil
    }
    var input = DirectInput()
    var seen = Seen()
    repeat {
      guard let key = plainKey(&scanner, body) else { return nil }
      if equal(key, "inputs"), seen.take(.inputs) {
        guard input.readOnlyInput(&scanner, body, room) else { return nil }
      } else if equal(key, "id"), seen.take(.id) {
        guard input.readID(&scanner, body) else { return nil }
      } else {
        return nil
      }
      guard let more = hasMore(&scanner, body, UInt8(ascii: "}")) else { return nil }
      if !more { break }
    } while true
    return seen.contains(.inputs) && scanner.peekOffset() == body.count ? input : nil
  }

  private mutating func readID(_ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer) -> Bool {
    if Self.peek(&scanner, body) == UInt8(ascii: "n") { return (try? scanner.next()) != nil }
    guard let text = Self.plainText(&scanner, body) else { return false }
    id = text
    return true
  }

  /// A list of exactly one input.
  private mutating func readOnlyInput(
    _ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer, _ room: Room
  ) -> Bool {
    guard Self.take(&scanner, body, UInt8(ascii: "[")), Self.take(&scanner, body, UInt8(ascii: "{")) else {
      return false
    }
    var seen = Seen()
    var count = -1
    repeat {
      guard let key = Self.plainKey(&scanner, body) else { return false }
      if Self.equal(key, "name"), seen.take(.name) {
        guard Self.plainText(&scanner, body) != nil else { return false }
      } else if Self.equal(key, "shape"), seen.take(.shape) {
        guard readShape(&scanner, body) else { return false }
      } else if Self.equal(key, "datatype"), seen.take(.datatype) {
        guard readDatatype(&scanner, body) else { return false }
      } else if Self.equal(key, "data"), seen.contains(.datatype), seen.take(.data) {
        let numbers = JSONNumbers.read(
          body, at: scanner.peekOffset(), as: element,
          allowsNull: element == .float64 || element == .float32, into: room.start,
          capacity: room.capacity, onlyByVectors: room.onlyByVectors)
        guard let numbers else { return false }
        scanner.resume(at: numbers.end)
        count = numbers.count
      } else {
        return false
      }
      guard let more = Self.hasMore(&scanner, body, UInt8(ascii: "}")) else { return false }
      if !more { break }
    } while true
    return seen.isWholeInput && count == rows &* columns && Self.take(&scanner, body, UInt8(ascii: "]"))
  }

  private mutating func readShape(_ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer) -> Bool {
    guard Self.take(&scanner, body, UInt8(ascii: "[")), let first = Self.smallNumber(&scanner, body),
      Self.take(&scanner, body, UInt8(ascii: ",")), let second = Self.smallNumber(&scanner, body),
      Self.take(&scanner, body, UInt8(ascii: "]"))
    else { return false }
    rows = first
    columns = second
    return true
  }

  private mutating func readDatatype(_ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer) -> Bool {
    guard let range = Self.plainText(&scanner, body) else { return false }
    let text = UnsafeRawBufferPointer(rebasing: body[range])
    if Self.equal(text, "FP32") {
      element = .float32
    } else if Self.equal(text, "FP64") {
      element = .float64
    } else if Self.equal(text, "INT64") {
      element = .int64
    } else if Self.equal(text, "INT32") {
      element = .int32
    } else {
      return false
    }
    return true
  }

  // MARK: pieces of JSON

  /// Members that were there; a second one of the same name is not plain.
  private struct Seen: OptionSet {
    let rawValue: UInt8
    static let inputs = Seen(rawValue: 1)
    static let id = Seen(rawValue: 2)
    static let name = Seen(rawValue: 4)
    static let shape = Seen(rawValue: 8)
    static let datatype = Seen(rawValue: 16)
    static let data = Seen(rawValue: 32)

    var isWholeInput: Bool { isSuperset(of: [.name, .shape, .datatype, .data]) }

    mutating func take(_ member: Seen) -> Bool {
      if contains(member) { return false }
      formUnion(member)
      return true
    }
  }

  /// The next byte that is no white space; 0 at the end.
  @inline(__always)
  private static func peek(_ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer) -> UInt8 {
    let offset = scanner.peekOffset()
    return offset < body.count ? body[offset] : 0
  }

  @inline(__always)
  private static func take(
    _ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer, _ byte: UInt8
  ) -> Bool {
    let offset = scanner.peekOffset()
    guard offset < body.count, body[offset] == byte else { return false }
    scanner.resume(at: offset &+ 1)
    return true
  }

  /// Nil where neither a comma nor the end comes.
  private static func hasMore(
    _ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer, _ end: UInt8
  ) -> Bool? {
    if take(&scanner, body, UInt8(ascii: ",")) { return true }
    return take(&scanner, body, end) ? false : nil
  }

  private static func plainKey(
    _ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    guard let range = plainText(&scanner, body), take(&scanner, body, UInt8(ascii: ":")) else { return nil }
    return UnsafeRawBufferPointer(rebasing: body[range])
  }

  /// A string of printable ASCII without escapes: its bytes in JSON are its bytes.
  private static func plainText(
    _ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer
  ) -> Range<Int>? {
    guard take(&scanner, body, UInt8(ascii: "\"")) else { return nil }
    let start = scanner.offset
    var index = start
    while index < body.count {
      let byte = body[index]
      if byte == UInt8(ascii: "\"") {
        scanner.resume(at: index &+ 1)
        return start..<index
      }
      if byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\\") { return nil }
      index &+= 1
    }
    return nil
  }

  /// A number from 1 to 9,999,999.
  private static func smallNumber(_ scanner: inout JSONScanner, _ body: UnsafeRawBufferPointer) -> Int? {
    let start = scanner.peekOffset()
    var index = start
    var value = 0
    while index < body.count, body[index] &- 48 < 10, index &- start < 7 {
      value = value &* 10 &+ Int(body[index] &- 48)
      index &+= 1
    }
    guard index > start, body[start] != 48 else { return nil }
    scanner.resume(at: index)
    return value
  }

  @inline(__always)
  private static func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    for index in 0..<bytes.count where bytes[index] != text.utf8Start[index] { return false }
    return true
  }
}
