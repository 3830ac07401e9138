public import Basics

/// Cuts a stream of bytes into gRPC's length-prefixed messages: one byte that tells whether it is compressed,
/// four that tell its length, the message.
public struct GRPCMessageReader: Sendable {
  public enum Result: Sendable, Equatable {
    /// The message lies whole in the bytes that were passed.
    case inPlace(Range<Int>, isCompressed: Bool)
    /// The message came in several pieces.
    case collected(Bytes, isCompressed: Bool)
    /// Everything is used; more bytes are needed.
    case needsMore
    /// The prefix announces more bytes than are allowed. Nothing can be read after it.
    case tooLong(Int)
    /// The first byte is neither 0 nor 1. Nothing can be read after it.
    case malformed
  }

  public static let prefixBytes = 5

  private let maximumBytes: Int
  /// The part of a prefix or message that came so far.
  private var pending: Bytes = []
  /// Of the message that `pending` collects; nil while its prefix is not complete.
  private var expected: Int?
  private var isCompressed = false

  /// - Parameter maximumBytes: of one message.
  public init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  /// Whether a message has begun and is not complete.
  public var isWithinMessage: Bool { expected != nil || !pending.isEmpty }
  /// Bytes that are kept.
  public var pendingCount: Int { pending.count }

  /// Reads on from `offset`. Call it again until it says `needsMore` or fails.
  public mutating func next(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) -> Result {
    if expected == nil {
      if pending.isEmpty, bytes.count &- offset >= Self.prefixBytes {
        let prefix = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset &+ Self.prefixBytes)])
        let length: Int
        switch readPrefix(prefix) {
        case .success(let read): length = read
        case .failure(let failure): return failure.result
        }
        offset &+= Self.prefixBytes
        if bytes.count &- offset >= length {
          let start = offset
          offset &+= length
          return .inPlace(start..<offset, isCompressed: isCompressed)
        }
        expected = length
      } else {
        take(Self.prefixBytes, bytes, &offset)
        guard pending.count == Self.prefixBytes else { return .needsMore }
        switch pending.withUnsafeBytes({ readPrefix($0) }) {
        case .success(let length): expected = length
        case .failure(let failure): return failure.result
        }
        pending.removeAll(keepingCapacity: true)
      }
    }
    guard let length = expected else { return .needsMore }
    // What is announced is not yet sent: memory grows with what comes.
    if pending.isEmpty { pending.reserveCapacity(min(length, max(bytes.count &- offset, 4096) &* 4)) }
    take(length, bytes, &offset)
    guard pending.count == length else { return .needsMore }
    expected = nil
    let message = pending
    pending = []
    return .collected(message, isCompressed: isCompressed)
  }

  private mutating func take(_ wanted: Int, _ bytes: UnsafeRawBufferPointer, _ offset: inout Int) {
    let count = min(wanted &- pending.count, bytes.count &- offset)
    guard count > 0 else { return }
    pending.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset &+ count)]))
    offset &+= count
  }

  private struct Failure: Error { let result: Result }

  private mutating func readPrefix(_ prefix: UnsafeRawBufferPointer) -> Swift.Result<Int, Failure> {
    guard prefix[0] <= 1 else { return .failure(Failure(result: .malformed)) }
    isCompressed = prefix[0] == 1
    let length = Int(UInt32(bigEndian: prefix.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
    guard length <= maximumBytes else { return .failure(Failure(result: .tooLong(length))) }
    return .success(length)
  }
}
