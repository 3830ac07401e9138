internal import Basics
internal import InferenceProtocol
internal import ModelRuntime

/// The fixed parts of a model's answers, taken from answers that the general path's encoders have made: so
/// both paths answer in the same form, whatever that is.
final class AnswerTemplate {
  /// Before the id.
  let v2Start: UnsafeRawBufferPointer
  /// Between the id and the number of rows.
  let v2Middle: UnsafeRawBufferPointer
  /// Between the number of rows and the first value.
  let v2Shape: UnsafeRawBufferPointer
  /// After the last value.
  let v2End: UnsafeRawBufferPointer
  /// Around the nested values.
  let v1Start: UnsafeRawBufferPointer
  let v1End: UnsafeRawBufferPointer
  /// All of them, one after the other.
  private let memory: UnsafeMutableRawBufferPointer

  private static let rowsMarker = 918_273_645

  /// - Parameter encodeV2: the general path's encoder for this model: id and output in, body out.
  /// - Returns: nil where the encoders' answers cannot be taken apart.
  init?(form: RowForm, encodeV2: (_ id: String, _ output: Tensor) -> Bytes?) {
    guard let value = Self.sample(form.outputDatatype), let text = Self.text(form.outputDatatype) else {
      return nil
    }
    func output(_ rows: Int) -> Tensor {
      Tensor(
        name: form.outputName, shape: [rows] + (form.outputColumns.map { [$0] } ?? []), values: value)
    }
    // Private characters, which no plain name holds.
    let id = "\u{E000}id\u{E000}"
    guard let whole = encodeV2(id, output(Self.rowsMarker)),
      let idPlace = Self.find(Array(id.utf8), in: whole[...]),
      let rowsPlace = Self.find(Array("\(Self.rowsMarker)".utf8), in: whole[idPlace.upperBound...]),
      let valuePlace = Self.findLast(text, in: whole[rowsPlace.upperBound...])
    else { return nil }
    let v2 = [
      whole[..<idPlace.lowerBound], whole[idPlace.upperBound..<rowsPlace.lowerBound],
      whole[rowsPlace.upperBound..<valuePlace.lowerBound], whole[valuePlace.upperBound...],
    ]
    // Put together again with other values it must be what the encoder says of those.
    let again = v2[0] + Array("a1".utf8) + v2[1] + Array("7".utf8) + v2[2] + text + v2[3]
    guard encodeV2("a1", output(7)) == Bytes(again) else { return nil }
    let nested = V1Response.encode([Tensor(name: form.outputName, shape: [1], values: value)])
    guard let place = Self.findLast([UInt8(ascii: "[")] + text + [UInt8(ascii: "]")], in: nested[...])
    else { return nil }
    let parts = v2 + [nested[..<place.lowerBound], nested[place.upperBound...]]
    let room = UnsafeMutableRawBufferPointer.allocate(
      byteCount: parts.reduce(1) { $0 + $1.count }, alignment: 16)
    room.copyBytes(from: parts.joined())
    var offset = 0
    let views = parts.map { part in
      defer { offset += part.count }
      return UnsafeRawBufferPointer(rebasing: room[offset..<(offset + part.count)])
    }
    memory = room
    (v2Start, v2Middle, v2Shape, v2End) = (views[0], views[1], views[2], views[3])
    (v1Start, v1End) = (views[4], views[5])
  }

  deinit { memory.deallocate() }

  private static func sample(_ datatype: DataType) -> TensorValues? {
    switch datatype {
    case .bool: .bool([true])
    case .int8: .int8([77])
    case .int16: .int16([77])
    case .int32: .int32([77])
    case .int64: .int64([77])
    case .uint8: .uint8([77])
    case .uint16: .uint16([77])
    case .uint32: .uint32([77])
    case .uint64: .uint64([77])
    case .fp32: .float32([77])
    case .fp64: .float64([77])
    case .fp16, .bf16, .bytes: nil
    }
  }

  /// The sample as JSON.
  private static func text(_ datatype: DataType) -> Bytes? {
    switch datatype {
    case .bool: Bytes("true".utf8)
    case .fp32, .fp64: Bytes("77.0".utf8)
    case .fp16, .bf16, .bytes: nil
    default: Bytes("77".utf8)
    }
  }

  private static func find(_ pattern: Bytes, in bytes: ArraySlice<UInt8>) -> Range<Int>? {
    guard pattern.count <= bytes.count else { return nil }
    for start in bytes.startIndex...(bytes.endIndex - pattern.count)
    where bytes[start..<(start + pattern.count)].elementsEqual(pattern) {
      return start..<(start + pattern.count)
    }
    return nil
  }

  private static func findLast(_ pattern: Bytes, in bytes: ArraySlice<UInt8>) -> Range<Int>? {
    var last: Range<Int>?
    var rest = bytes
    while let found = find(pattern, in: rest) {
      last = found
      rest = bytes[(found.lowerBound + 1)...]
    }
    return last
  }
}
