public import Basics
internal import Synchronization

/// A text that whoever needs it first makes, and that is the same memory for all after that.
public final class SharedLine: Sendable {
  private let bytes = Mutex<Bytes?>(nil)

  public init() {}

  public func bytes(_ make: () -> Bytes) -> Bytes {
    bytes.withLock { bytes in
      if let bytes { return bytes }
      let made = make()
      bytes = made
      return made
    }
  }
}
