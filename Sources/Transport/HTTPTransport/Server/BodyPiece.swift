/// Bytes of an answer's body that are sent from where they lie, without a copy; somebody keeps them unchanged
/// until they are sent.
public protocol BodyPiece: Sendable {
  var byteCount: Int { get }
  /// Lends the bytes, the same ones each time, for the time of the call.
  func withBytes(_ body: (UnsafeRawBufferPointer) -> Void)
}
