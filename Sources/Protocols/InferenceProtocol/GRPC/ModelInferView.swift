internal import Formats

/// A `ModelInferRequest` of the most common form, as a view of its bytes: one input, a matrix of numbers that
/// stand in the message as memory has them, and no parameters. What is of any other form, or malformed, is
/// left to `ModelInferRequest.decode`.
public struct ModelInferView {
  public private(set) var modelName = UnsafeRawBufferPointer(start: nil, count: 0)
  public private(set) var modelVersion = UnsafeRawBufferPointer(start: nil, count: 0)
  public private(set) var id = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The only output that is asked for by name; nil where none is.
  public private(set) var outputName: UnsafeRawBufferPointer?
  /// FP32, FP64, INT32 or INT64.
  public private(set) var datatype = DataType.fp32
  public private(set) var rows = 0
  public private(set) var columns = 0
  /// `rows` × `columns` numbers; at any address, aligned or not.
  public private(set) var values = UnsafeRawBufferPointer(start: nil, count: 0)
  public private(set) var isRaw = false

  public init?(_ message: UnsafeRawBufferPointer) {
    do {
      guard try read(message) else { return nil }
    } catch {
      return nil
    }
  }

  private mutating func read(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> Bool {
    var reader = ProtobufReader(message)
    var input: UnsafeRawBufferPointer?
    var raw: UnsafeRawBufferPointer?
    while let tag = try reader.next() {
      guard tag.wireType == .lengthDelimited else { return false }
      let payload = try reader.payload()
      switch tag.number {
      case 1: modelName = payload
      case 2: modelVersion = payload
      case 3: id = payload
      case 5:
        if input != nil { return false }
        input = payload
      case 6:
        if outputName != nil { return false }
        guard let name = try Self.onlyName(payload) else { return false }
        outputName = name
      case 7:
        if raw != nil { return false }
        raw = payload
      default: return false
      }
    }
    guard let input, let contents = try readInput(input) else { return false }
    if let raw {
      guard contents.isEmpty else { return false }
      values = raw
      isRaw = true
    } else {
      guard try readContents(contents) else { return false }
    }
    return fits
  }

  /// - Returns: the typed contents, empty where there are none; nil for another form.
  private mutating func readInput(
    _ input: UnsafeRawBufferPointer
  ) throws(ProtobufError) -> UnsafeRawBufferPointer? {
    var reader = ProtobufReader(input)
    var contents = UnsafeRawBufferPointer(start: nil, count: 0)
    var hasContents = false
    var dimensions = 0
    while let tag = try reader.next() {
      switch tag.number {
      case 1: _ = try reader.payload(of: tag)
      case 2:
        guard let type = Self.datatype(try reader.payload(of: tag)) else { return nil }
        datatype = type
      case 3:
        try reader.varints(of: tag) { length in
          if dimensions == 0 { rows = Int(truncatingIfNeeded: length) }
          if dimensions == 1 { columns = Int(truncatingIfNeeded: length) }
          dimensions &+= 1
        }
      case 5:
        // An empty message says "contents" too, which raw inputs must not have.
        if hasContents { return nil }
        hasContents = true
        contents = try reader.payload(of: tag)
        if contents.isEmpty { return nil }
      default: return nil
      }
    }
    return dimensions == 2 ? contents : nil
  }

  private mutating func readContents(_ contents: UnsafeRawBufferPointer) throws(ProtobufError) -> Bool {
    var reader = ProtobufReader(contents)
    let field = datatype == .fp32 ? 6 : 7
    guard datatype == .fp32 || datatype == .fp64, let tag = try reader.next(), tag.number == field,
      tag.wireType == .lengthDelimited
    else { return false }
    values = try reader.payload()
    return reader.isAtEnd
  }

  private var fits: Bool {
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    let size = datatype == .fp32 || datatype == .int32 ? 4 : 8
    return !overflow && rows > 0 && columns > 0 && values.count % size == 0 && values.count / size == count
  }

  private static func onlyName(
    _ output: UnsafeRawBufferPointer
  ) throws(ProtobufError) -> UnsafeRawBufferPointer? {
    var reader = ProtobufReader(output)
    guard let tag = try reader.next(), tag.number == 1, tag.wireType == .lengthDelimited else { return nil }
    let name = try reader.payload()
    return reader.isAtEnd ? name : nil
  }

  private static func datatype(_ text: UnsafeRawBufferPointer) -> DataType? {
    if text.count == 4 {
      switch UInt32(littleEndian: text.loadUnaligned(as: UInt32.self)) {
      case 0x3233_5046: return .fp32
      case 0x3436_5046: return .fp64
      default: return nil
      }
    }
    guard text.count == 5, UInt32(littleEndian: text.loadUnaligned(as: UInt32.self)) & 0xFF_FFFF == 0x54_4E49
    else { return nil }
    if text[3] == UInt8(ascii: "3"), text[4] == UInt8(ascii: "2") { return .int32 }
    return text[3] == UInt8(ascii: "6") && text[4] == UInt8(ascii: "4") ? .int64 : nil
  }
}
