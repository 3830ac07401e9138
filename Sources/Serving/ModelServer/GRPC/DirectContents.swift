internal import Formats
internal import InferenceProtocol

/// Writes numbers in memory as the typed contents of an output.
enum DirectContents {
  /// - Parameter values: `count` elements, aligned to their type.
  static func write(
    _ values: UnsafeRawBufferPointer, _ datatype: DataType, count: Int, into writer: inout ProtobufWriter
  ) {
    switch datatype {
    case .fp32: fixed(values, 6, &writer)
    case .fp64: fixed(values, 7, &writer)
    case .bool: varints(values, 1, count, &writer) { (value: UInt8) in value == 0 ? 0 : 1 }
    case .int8: varints(values, 2, count, &writer) { (value: Int8) in UInt64(bitPattern: Int64(value)) }
    case .int16: varints(values, 2, count, &writer) { (value: Int16) in UInt64(bitPattern: Int64(value)) }
    case .int32: varints(values, 2, count, &writer) { (value: Int32) in UInt64(bitPattern: Int64(value)) }
    case .int64: varints(values, 3, count, &writer) { (value: Int64) in UInt64(bitPattern: value) }
    case .uint8: varints(values, 4, count, &writer) { (value: UInt8) in UInt64(value) }
    case .uint16: varints(values, 4, count, &writer) { (value: UInt16) in UInt64(value) }
    case .uint32: varints(values, 4, count, &writer) { (value: UInt32) in UInt64(value) }
    case .uint64: varints(values, 5, count, &writer) { (value: UInt64) in value }
    // Answered raw.
    case .fp16, .bf16, .bytes: break
    }
  }

  private static func fixed(_ values: UnsafeRawBufferPointer, _ field: Int, _ writer: inout ProtobufWriter) {
    if values.isEmpty { return }
    writer.header(5, count: 1 &+ ProtobufWriter.size(UInt64(values.count)) &+ values.count)
    writer.header(field, count: values.count)
    writer.append(values)
  }

  private static func varints<Element: BitwiseCopyable>(
    _ values: UnsafeRawBufferPointer, _ field: Int, _ count: Int, _ writer: inout ProtobufWriter,
    _ wire: (Element) -> UInt64
  ) {
    let elements = values.assumingMemoryBound(to: Element.self).prefix(count)
    if elements.isEmpty { return }
    var size = 0
    for element in elements { size &+= ProtobufWriter.size(wire(element)) }
    writer.header(5, count: 1 &+ ProtobufWriter.size(UInt64(size)) &+ size)
    writer.header(field, count: size)
    for element in elements { writer.varint(wire(element)) }
  }
}
