/// Reads one list of numbers out of JSON text straight into memory, in one pass: what bodies of inference
/// requests consist of for the most part. It answers only for what it is sure of; for everything else, and
/// for every mistake, the caller asks `JSONScanner`, which knows the messages.
public struct JSONNumbers {
  /// What the elements shall become.
  public enum Element: Sendable, Hashable {
    case float32, float64, int32, int64
    /// INT64 while all are integers of 64 bits, else FP64 of all.
    case inferred
  }

  /// Elements read.
  public var count = 0
  /// Lists that each element lies in: 1 or 2.
  public var depth = 1
  /// Length of the outermost list.
  public var rows = 0
  /// Length of each inner list; with depth 1, the same as `rows`.
  public var columns = 0
  /// What the elements became: never `.inferred`.
  public var element = Element.float64
  /// Where the text goes on after the list.
  public var end = 0

  init() {}

  /// - Parameters:
  ///   - bytes: the whole text. Its last byte must not be able to belong to a number (`}`, say).
  ///   - offset: where the list's `[` stands.
  ///   - buffer: room for `capacity` elements of 8 bytes (of 4 for the types of 4 bytes), aligned to them.
  ///   - allowsNull: `null` is NaN where the elements are doubles or floats.
  ///   - onlyByVectors: whether nil is wanted where it would take long.
  /// - Returns: nil where the text is not a list of numbers, or of equally long lists of numbers, that all
  ///   fit the type and the room. The buffer's content means nothing then.
  public static func read(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, as element: Element, allowsNull: Bool,
    into buffer: UnsafeMutableRawPointer, capacity: Int, onlyByVectors: Bool = false
  ) -> JSONNumbers? {
    guard let start = bytes.baseAddress, offset >= 0, offset < bytes.count,
      !JSONNumberCursor.mayContinueNumber(bytes[bytes.count - 1])
    else { return nil }
    if let numbers = readByVectors(bytes, offset, element, allowsNull, buffer, capacity) { return numbers }
    if onlyByVectors { return nil }
    var cursor = JSONNumberCursor(
      at: start.assumingMemoryBound(to: UInt8.self) + offset,
      end: start.assumingMemoryBound(to: UInt8.self) + bytes.count)
    var sink = JSONNumberSink(element: element, allowsNull: allowsNull, buffer: buffer, capacity: capacity)
    var numbers = JSONNumbers()
    guard numbers.readList(&cursor, &sink) else { return nil }
    numbers.count = sink.count
    numbers.element = sink.finalElement
    numbers.end = cursor.position - start.assumingMemoryBound(to: UInt8.self)
    return numbers
  }

  private mutating func readList(_ cursor: inout JSONNumberCursor, _ sink: inout JSONNumberSink) -> Bool {
    guard cursor.take(UInt8(ascii: "[")) else { return false }
    if cursor.peek() == UInt8(ascii: "]") { return false }
    guard cursor.peek() == UInt8(ascii: "[") else {
      guard sink.readElements(&cursor) else { return false }
      rows = sink.count
      columns = sink.count
      return true
    }
    depth = 2
    repeat {
      let before = sink.count
      guard cursor.take(UInt8(ascii: "[")), sink.readElements(&cursor) else { return false }
      let length = sink.count &- before
      if rows == 0 { columns = length } else if length != columns { return false }
      rows &+= 1
    } while cursor.take(UInt8(ascii: ","))
    return cursor.take(UInt8(ascii: "]"))
  }
}

/// Where the elements go.
struct JSONNumberSink {
  private let element: JSONNumbers.Element
  private let allowsNull: Bool
  private let buffer: UnsafeMutableRawPointer
  private let capacity: Int
  /// With `.inferred`: a fraction has come, everything in the buffer is a double.
  private var isDouble = false
  private(set) var count = 0

  init(element: JSONNumbers.Element, allowsNull: Bool, buffer: UnsafeMutableRawPointer, capacity: Int) {
    self.element = element
    self.allowsNull = allowsNull
    self.buffer = buffer
    self.capacity = capacity
  }

  var finalElement: JSONNumbers.Element {
    element == .inferred ? (isDouble ? .float64 : .int64) : element
  }

  /// Numbers up to and with the list's end; at least one.
  @inline(__always)
  mutating func readElements(_ cursor: inout JSONNumberCursor) -> Bool {
    switch element {
    case .float64: readElements(&cursor) { $0.float64(&$1) }
    case .float32: readElements(&cursor) { $0.float32(&$1) }
    case .int32: readElements(&cursor) { $0.int32(&$1) }
    case .int64: readElements(&cursor) { $0.int64(&$1) }
    case .inferred: readElements(&cursor) { $0.inferred(&$1) }
    }
  }

  @inline(__always)
  private mutating func readElements(
    _ cursor: inout JSONNumberCursor, _ one: (inout JSONNumberSink, inout JSONNumberCursor) -> Bool
  ) -> Bool {
    // Copies, which can stay in registers.
    var sink = self
    var local = cursor
    defer {
      self = sink
      cursor = local
    }
    repeat {
      guard sink.count < capacity, one(&sink, &local) else { return false }
      sink.count &+= 1
    } while local.take(UInt8(ascii: ","))
    return local.take(UInt8(ascii: "]"))
  }

  @inline(__always)
  private mutating func float64(_ cursor: inout JSONNumberCursor) -> Bool {
    guard let value = double(&cursor) else { return false }
    buffer.storeBytes(of: value, toByteOffset: count &* 8, as: Double.self)
    return true
  }

  @inline(__always)
  private mutating func float32(_ cursor: inout JSONNumberCursor) -> Bool {
    guard let value = double(&cursor) else { return false }
    // By way of the double, as numpy converts what Python's json has read.
    let single = Float(value)
    guard single.isFinite || value.isNaN else { return false }
    buffer.storeBytes(of: single, toByteOffset: count &* 4, as: Float.self)
    return true
  }

  @inline(__always)
  private mutating func int32(_ cursor: inout JSONNumberCursor) -> Bool {
    guard let value = cursor.number()?.integer, let narrow = Int32(exactly: value) else {
      return false
    }
    buffer.storeBytes(of: narrow, toByteOffset: count &* 4, as: Int32.self)
    return true
  }

  @inline(__always)
  private mutating func int64(_ cursor: inout JSONNumberCursor) -> Bool {
    guard let value = cursor.number()?.integer else { return false }
    buffer.storeBytes(of: value, toByteOffset: count &* 8, as: Int64.self)
    return true
  }

  @inline(__always)
  private mutating func inferred(_ cursor: inout JSONNumberCursor) -> Bool {
    if allowsNull, cursor.peek() == UInt8(ascii: "n") {
      guard cursor.takeNull() else { return false }
      return store(inferred: .nan)
    }
    guard let number = cursor.number() else { return false }
    if let value = number.integer {
      if isDouble {
        buffer.storeBytes(of: Double(value), toByteOffset: count &* 8, as: Double.self)
      } else {
        buffer.storeBytes(of: value, toByteOffset: count &* 8, as: Int64.self)
      }
      return true
    }
    guard let value = number.double else { return false }
    return store(inferred: value)
  }

  @inline(__always)
  private mutating func store(inferred value: Double) -> Bool {
    if !isDouble { becomeDouble() }
    buffer.storeBytes(of: value, toByteOffset: count &* 8, as: Double.self)
    return true
  }

  private mutating func becomeDouble() {
    isDouble = true
    for index in 0..<count {
      let integer = buffer.load(fromByteOffset: index &* 8, as: Int64.self)
      buffer.storeBytes(of: Double(integer), toByteOffset: index &* 8, as: Double.self)
    }
  }

  @inline(__always)
  private func double(_ cursor: inout JSONNumberCursor) -> Double? {
    if allowsNull, cursor.peek() == UInt8(ascii: "n") { return cursor.takeNull() ? .nan : nil }
    return cursor.number()?.double
  }
}
