internal import Basics
internal import Formats

/// The typed form of a tensor's elements in gRPC: one repeated field per family of types.
enum InferTensorContents {
  /// The field that holds a type's elements; nil for FP16 and BF16, which travel raw only.
  static func field(of datatype: DataType) -> Int? {
    switch datatype {
    case .bool: 1
    case .int8, .int16, .int32: 2
    case .int64: 3
    case .uint8, .uint16, .uint32: 4
    case .uint64: 5
    case .fp32: 6
    case .fp64: 7
    case .bytes: 8
    case .fp16, .bf16: nil
    }
  }

  private static let names: [String] = [
    "bool_contents", "int_contents", "int64_contents", "uint_contents", "uint64_contents", "fp32_contents",
    "fp64_contents", "bytes_contents",
  ]

  static func name(ofField number: Int) -> String {
    names.indices.contains(number - 1) ? names[number - 1] : "field \(number)"
  }

  /// What the contents of an input turned out to be.
  enum Reading {
    case values(TensorValues)
    /// The elements stand in the field of another type.
    case otherField(Int)
    /// A number that its type cannot hold.
    case outOfRange(String)
  }

  /// - Parameter capacity: how many elements to reserve room for; bounded by the bytes there are.
  static func read(
    _ contents: UnsafeRawBufferPointer, _ datatype: DataType, field: Int, capacity: Int
  ) throws(ProtobufError) -> Reading {
    switch datatype {
    case .fp32: return try readFixed(contents, field) { (values: [Float]) in .float32(values) }
    case .fp64: return try readFixed(contents, field) { (values: [Double]) in .float64(values) }
    case .bytes: return try readTexts(contents, field)
    case .bool: return try readVarints(contents, field, capacity) { .bool($0.map { $0 != 0 }) }
    // The wire form of an int32 has its low 32 bits, whatever else the sender wrote.
    case .int8: return try readSigned(contents, field, capacity) { TensorValues.int8($0) }
    case .int16: return try readSigned(contents, field, capacity) { TensorValues.int16($0) }
    case .int32: return try readSigned(contents, field, capacity) { TensorValues.int32($0) }
    case .int64: return try readVarints(contents, field, capacity) { .int64($0.map(Int64.init(bitPattern:))) }
    case .uint8: return try readUnsigned(contents, field, capacity) { TensorValues.uint8($0) }
    case .uint16: return try readUnsigned(contents, field, capacity) { TensorValues.uint16($0) }
    case .uint32: return try readUnsigned(contents, field, capacity) { TensorValues.uint32($0) }
    case .uint64: return try readVarints(contents, field, capacity) { .uint64($0) }
    case .fp16, .bf16: return .otherField(0)
    }
  }

  private static func readFixed<Element: BitwiseCopyable>(
    _ contents: UnsafeRawBufferPointer, _ field: Int, _ make: ([Element]) -> TensorValues
  ) throws(ProtobufError) -> Reading {
    var reader = ProtobufReader(contents)
    var values: [Element] = []
    while let tag = try reader.next() {
      guard tag.number == field else {
        if let other = try skip(tag, &reader) { return .otherField(other) }
        continue
      }
      let size = MemoryLayout<Element>.size
      let bytes = try reader.fixed(of: tag, size: size)
      let piece = [Element](unsafeUninitializedCapacity: bytes.count / size) { buffer, initialized in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
        initialized = bytes.count / size
      }
      if values.isEmpty { values = piece } else { values += piece }
    }
    return .values(make(values))
  }

  private static func readVarints(
    _ contents: UnsafeRawBufferPointer, _ field: Int, _ capacity: Int, _ make: ([UInt64]) -> TensorValues
  ) throws(ProtobufError) -> Reading {
    var reader = ProtobufReader(contents)
    var values: [UInt64] = []
    values.reserveCapacity(min(capacity, contents.count))
    while let tag = try reader.next() {
      guard tag.number == field else {
        if let other = try skip(tag, &reader) { return .otherField(other) }
        continue
      }
      try reader.varints(of: tag) { values.append($0) }
    }
    return .values(make(values))
  }

  private static func readSigned<Target: FixedWidthInteger>(
    _ contents: UnsafeRawBufferPointer, _ field: Int, _ capacity: Int, _ make: ([Target]) -> TensorValues
  ) throws(ProtobufError) -> Reading {
    try readNarrow(contents, field, capacity, { Int32(truncatingIfNeeded: $0) }, make)
  }

  private static func readUnsigned<Target: FixedWidthInteger>(
    _ contents: UnsafeRawBufferPointer, _ field: Int, _ capacity: Int, _ make: ([Target]) -> TensorValues
  ) throws(ProtobufError) -> Reading {
    try readNarrow(contents, field, capacity, { UInt32(truncatingIfNeeded: $0) }, make)
  }

  private static func readNarrow<Wire: FixedWidthInteger, Target: FixedWidthInteger>(
    _ contents: UnsafeRawBufferPointer, _ field: Int, _ capacity: Int, _ wire: (UInt64) -> Wire,
    _ make: ([Target]) -> TensorValues
  ) throws(ProtobufError) -> Reading {
    var reader = ProtobufReader(contents)
    var values: [Target] = []
    values.reserveCapacity(min(capacity, contents.count))
    var offender: Wire?
    while let tag = try reader.next() {
      guard tag.number == field else {
        if let other = try skip(tag, &reader) { return .otherField(other) }
        continue
      }
      try reader.varints(of: tag) { raw in
        let number = wire(raw)
        if let value = Target(exactly: number) { values.append(value) } else { offender = offender ?? number }
      }
    }
    if let offender { return .outOfRange(String(offender)) }
    return .values(make(values))
  }

  private static func readTexts(
    _ contents: UnsafeRawBufferPointer, _ field: Int
  ) throws(ProtobufError) -> Reading {
    var reader = ProtobufReader(contents)
    var texts: [String] = []
    var raw = Bytes()
    var count = 0
    var isText = true
    while let tag = try reader.next() {
      guard tag.number == field else {
        if let other = try skip(tag, &reader) { return .otherField(other) }
        continue
      }
      let bytes = try reader.payload(of: tag)
      count += 1
      if isText {
        if let text = String(validating: bytes, as: UTF8.self) {
          texts.append(text)
          continue
        }
        isText = false
        TensorValues.strings(texts).appendBinary(to: &raw)
      }
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count).littleEndian) {
        raw.append(contentsOf: $0)
      }
      raw.append(contentsOf: bytes)
    }
    if isText { return .values(.strings(texts)) }
    guard let elements = RawElements(.bytes, count: count, bytes: raw[...]) else {
      throw reader.error(.truncated, "the texts are too long")
    }
    return .values(.raw(elements))
  }

  /// - Returns: the field's number where it is one of another type's elements.
  private static func skip(
    _ tag: ProtobufReader.Tag, _ reader: inout ProtobufReader
  ) throws(ProtobufError) -> Int? {
    try reader.skip(tag)
    return (1...8).contains(tag.number) ? tag.number : nil
  }

  // MARK: writing

  /// Writes a tensor's elements as the message field `number`; nothing for types that travel raw only.
  static func write(_ values: TensorValues, _ number: Int, into writer: inout ProtobufWriter) {
    switch values {
    case .bool(let all): writeVarints(1, all, number, &writer) { $0 ? 1 : 0 }
    case .int8(let all): writeVarints(2, all, number, &writer) { UInt64(bitPattern: Int64($0)) }
    case .int16(let all): writeVarints(2, all, number, &writer) { UInt64(bitPattern: Int64($0)) }
    case .int32(let all): writeVarints(2, all, number, &writer) { UInt64(bitPattern: Int64($0)) }
    case .int64(let all): writeVarints(3, all, number, &writer) { UInt64(bitPattern: $0) }
    case .uint8(let all): writeVarints(4, all, number, &writer) { UInt64($0) }
    case .uint16(let all): writeVarints(4, all, number, &writer) { UInt64($0) }
    case .uint32(let all): writeVarints(4, all, number, &writer) { UInt64($0) }
    case .uint64(let all): writeVarints(5, all, number, &writer) { $0 }
    case .float32(let all): all.withUnsafeBytes { writeFixed(6, $0, number, &writer) }
    case .float64(let all): all.withUnsafeBytes { writeFixed(7, $0, number, &writer) }
    case .strings(let texts):
      let total = texts.reduce(0) { $0 &+ elementSize($1.utf8.count) }
      writer.header(number, count: total)
      for text in texts { writer.element(8, text) }
    case .raw(let elements):
      if let unpacked = elements.unpacked() {
        write(unpacked, number, into: &writer)
      } else {
        let slices = elements.textSlices
        writer.header(number, count: slices.reduce(0) { $0 &+ elementSize($1.count) })
        for slice in slices { writer.element(8, slice) }
      }
    }
  }

  private static func elementSize(_ count: Int) -> Int { 1 &+ ProtobufWriter.size(UInt64(count)) &+ count }

  private static func writeVarints<Element>(
    _ field: Int, _ values: [Element], _ number: Int, _ writer: inout ProtobufWriter,
    _ wire: (Element) -> UInt64
  ) {
    let size = values.reduce(0) { $0 &+ ProtobufWriter.size(wire($1)) }
    writer.header(number, count: size == 0 ? 0 : elementSize(size))
    if size == 0 { return }
    writer.header(field, count: size)
    for value in values { writer.varint(wire(value)) }
  }

  private static func writeFixed(
    _ field: Int, _ bytes: UnsafeRawBufferPointer, _ number: Int, _ writer: inout ProtobufWriter
  ) {
    writer.header(number, count: bytes.isEmpty ? 0 : elementSize(bytes.count))
    if bytes.isEmpty { return }
    writer.header(field, count: bytes.count)
    writer.append(bytes)
  }
}
