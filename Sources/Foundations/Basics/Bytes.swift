/// Owned bytes. Views into somebody else's bytes are `UnsafeRawBufferPointer` (hot path) or
/// `ArraySlice<UInt8>`.
public typealias Bytes = [UInt8]

extension String {
  /// The bytes as UTF-8, or nil where they are not valid UTF-8 (nothing is repaired).
  public init?(validUTF8 bytes: some Sequence<UInt8>) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    self = text
  }
}
