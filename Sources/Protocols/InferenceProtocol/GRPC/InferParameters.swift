internal import Basics
internal import Formats

/// `map<string, InferParameter>` fields: the same values as the `parameters` objects of REST.
enum InferParameters {
  private static let limit = 1024

  /// Takes one entry of a map field.
  static func readEntry(
    _ entry: UnsafeRawBufferPointer, into parameters: inout JSONObject
  ) throws(ProtobufError) {
    var reader = ProtobufReader(entry)
    var key = ""
    var value: JSONValue?
    while let tag = try reader.next() {
      switch tag.number {
      case 1: key = try reader.string(of: tag)
      case 2: value = try readParameter(try reader.payload(of: tag))
      default: try reader.skip(tag)
      }
    }
    guard parameters.count < limit || parameters.contains(key) else {
      throw reader.error(.tooDeep, "there are more than \(limit) parameters")
    }
    // A parameter without a value sets nothing.
    if let value { parameters[key] = value }
  }

  private static func readParameter(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) -> JSONValue? {
    var reader = ProtobufReader(bytes)
    var value: JSONValue?
    while let tag = try reader.next() {
      switch tag.number {
      case 1: value = .bool(try reader.bool(of: tag))
      case 2: value = .int(try reader.int64(of: tag))
      case 3: value = .string(try reader.string(of: tag))
      case 4: value = JSONNumber(try reader.double(of: tag)).map { .number($0) } ?? .null
      case 5: value = .int(try reader.varint(of: tag))
      default: try reader.skip(tag)
      }
    }
    return value
  }

  /// Writes a `parameters` object as the map field `number`. What has no form of its own (lists, objects,
  /// null) goes as its JSON text.
  static func write(_ parameters: JSONValue?, _ number: Int, into writer: inout ProtobufWriter) {
    guard let object = parameters?.object else { return }
    for (key, value) in object.members {
      writer.message(number) { entry in
        entry.field(1, key)
        entry.message(2) { write(value, into: &$0) }
      }
    }
  }

  private static func write(_ value: JSONValue, into writer: inout ProtobufWriter) {
    switch value {
    case .bool(let truth): writer.element(1, truth ? 1 as UInt64 : 0)
    case .string(let text): writer.element(3, text)
    case .number(let number):
      if let integer = number.int64 {
        writer.element(2, UInt64(bitPattern: integer))
      } else if let natural = number.uint64 {
        writer.element(5, natural)
      } else {
        writer.field(4, number.double)
      }
    case .null, .array, .object: writer.element(3, value.encodedText)
    }
  }
}
