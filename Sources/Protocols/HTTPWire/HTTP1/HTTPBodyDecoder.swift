/// Finds a body's pieces in what a connection receives, without copying. Chunk extensions and trailers are
/// bounded, checked and dropped.
public struct HTTPBodyDecoder: Sendable {
  public enum Step: Sendable {
    /// Where the next piece of the body lies in the bytes given.
    case data(Range<Int>)
    /// All bytes given are used up; the body goes on.
    case needsMore
    case end
    case failure(HTTPWireError)
  }

  private enum State: Sendable {
    case length(Int)
    case untilClose
    case chunkSize(Int, digits: Int)
    case chunkExtension(Int)
    case chunkSizeEnd(Int)
    case chunkData(Int)
    case chunkDataReturn
    case chunkDataEnd
    case trailerLineStart
    case trailerName
    case trailerValue
    case trailerLineEnd
    case finalLineEnd
    case ended
  }

  private var state: State
  private var extensionBytesLeft: Int
  private var trailerBytesLeft: Int

  public init(_ framing: HTTPBodyFraming, limits: HTTPWireLimits = .init()) {
    switch framing {
    case .none: state = .ended
    case .length(let length): state = length > 0 ? .length(length) : .ended
    case .chunked: state = .chunkSize(0, digits: 0)
    case .untilClose: state = .untilClose
    }
    extensionBytesLeft = limits.chunkExtensionBytes
    trailerBytesLeft = limits.trailerBytes
  }

  /// The body may end with the connection: an end of the stream is no error then.
  public var endsWithConnection: Bool {
    if case .untilClose = state { return true }
    return false
  }

  public var hasEnded: Bool {
    if case .ended = state { return true }
    return false
  }

  /// Goes on at `offset`, which it moves past what it has used.
  public mutating func next(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) -> Step {
    while true {
      switch state {
      case .ended: return .end
      case .length(let left):
        let count = min(left, bytes.count &- offset)
        if count <= 0 { return .needsMore }
        state = count == left ? .ended : .length(left &- count)
        return take(count, &offset)
      case .untilClose:
        let count = bytes.count &- offset
        return count <= 0 ? .needsMore : take(count, &offset)
      case .chunkData(let left):
        let count = min(left, bytes.count &- offset)
        if count <= 0 { return .needsMore }
        state = count == left ? .chunkDataReturn : .chunkData(left &- count)
        return take(count, &offset)
      default:
        guard offset < bytes.count else { return .needsMore }
        let byte = bytes[offset]
        offset &+= 1
        if let error = advance(byte) {
          state = .ended
          return .failure(error)
        }
      }
    }
  }

  private func take(_ count: Int, _ offset: inout Int) -> Step {
    let start = offset
    offset &+= count
    return .data(start..<offset)
  }

  /// One byte of the chunked framing.
  private mutating func advance(_ byte: UInt8) -> HTTPWireError? {
    switch state {
    case .chunkSize(let size, let digits): return readSize(byte, size, digits)
    case .chunkExtension(let size):
      if byte == HTTPCharacters.carriageReturn {
        state = .chunkSizeEnd(size)
        return nil
      }
      extensionBytesLeft &-= 1
      if extensionBytesLeft < 0 { return HTTPWireError(400, "the chunk extensions are too long") }
      return HTTPCharacters.isFieldValue(byte) ? nil : Self.malformed
    case .chunkSizeEnd(let size):
      state = size == 0 ? .trailerLineStart : .chunkData(size)
      return byte == HTTPCharacters.lineFeed ? nil : Self.malformed
    case .chunkDataReturn:
      state = .chunkDataEnd
      return byte == HTTPCharacters.carriageReturn ? nil : Self.malformed
    case .chunkDataEnd:
      state = .chunkSize(0, digits: 0)
      return byte == HTTPCharacters.lineFeed ? nil : Self.malformed
    case .trailerLineStart, .trailerName, .trailerValue, .trailerLineEnd: return readTrailer(byte)
    case .finalLineEnd:
      state = .ended
      return byte == HTTPCharacters.lineFeed ? nil : Self.malformed
    case .ended, .length, .untilClose, .chunkData: return nil
    }
  }

  private mutating func readSize(_ byte: UInt8, _ size: Int, _ digits: Int) -> HTTPWireError? {
    let value: UInt8
    switch byte {
    case 48...57: value = byte &- 48
    case 65...70: value = byte &- 55
    case 97...102: value = byte &- 87
    case HTTPCharacters.carriageReturn where digits > 0:
      state = .chunkSizeEnd(size)
      return nil
    case UInt8(ascii: ";") where digits > 0:
      state = .chunkExtension(size)
      return nil
    default: return Self.malformed
    }
    // 15 hexadecimal digits stay below 2^60.
    guard digits < 15 else { return HTTPWireError(400, "a chunk's size is too large") }
    state = .chunkSize(size &<< 4 | Int(value), digits: digits &+ 1)
    return nil
  }

  private mutating func readTrailer(_ byte: UInt8) -> HTTPWireError? {
    trailerBytesLeft &-= 1
    if trailerBytesLeft < 0 { return HTTPWireError(400, "the trailer section is too long") }
    switch state {
    case .trailerLineStart:
      if byte == HTTPCharacters.carriageReturn {
        state = .finalLineEnd
        return nil
      }
      state = .trailerName
      return HTTPCharacters.isToken(byte) ? nil : Self.malformedTrailer
    case .trailerName:
      if byte == UInt8(ascii: ":") {
        state = .trailerValue
        return nil
      }
      return HTTPCharacters.isToken(byte) ? nil : Self.malformedTrailer
    case .trailerValue:
      if byte == HTTPCharacters.carriageReturn {
        state = .trailerLineEnd
        return nil
      }
      return HTTPCharacters.isFieldValue(byte) ? nil : Self.malformedTrailer
    default:
      state = .trailerLineStart
      return byte == HTTPCharacters.lineFeed ? nil : Self.malformedTrailer
    }
  }

  private static let malformed = HTTPWireError(400, "the chunked body is malformed")
  private static let malformedTrailer = HTTPWireError(400, "the trailer section is malformed")
}
