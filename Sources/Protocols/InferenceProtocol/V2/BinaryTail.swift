internal import Basics

/// The bytes after a request's JSON: the tensors of the inputs that announce a `binary_data_size`, one after
/// the other.
struct BinaryTail {
  private let bytes: UnsafeRawBufferPointer
  /// The same bytes where somebody owns them, so that long tensors need no copy.
  private let owner: ArraySlice<UInt8>?
  private var offset = 0

  /// Shorter tensors are copied into arrays of their type: what they are for is cheaper with those.
  private static let sharedBytes = 16 * ByteCount.kibibyte

  init(_ bytes: UnsafeRawBufferPointer, owner: ArraySlice<UInt8>? = nil) {
    self.bytes = bytes
    self.owner = owner?.count == bytes.count ? owner : nil
  }

  var left: Int { bytes.count - offset }

  /// Takes the elements of one tensor.
  /// - Parameter size: bytes, at most `left`.
  /// - Returns: nil where the bytes are not exactly `count` elements of that type.
  mutating func take(_ size: Int, _ datatype: DataType, count: Int) -> TensorValues? {
    guard size >= 0, size <= left else { return nil }
    defer { offset += size }
    if let owner, size >= Self.sharedBytes {
      let start = owner.startIndex + offset
      return RawElements(datatype, count: count, bytes: owner[start..<(start + size)]).map { .raw($0) }
    }
    let piece = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + size)])
    return TensorValues(datatype, count: count, copying: piece)
  }
}
