internal import Basics
internal import HTTPWire
internal import Linux

/// Long bodies of known length: received where the handler gets them, not copied on the way.
extension HTTP1ServerConnection {
  /// Shorter ones mostly lie whole in the buffer of one read. Longer ones are collected as they come, so that
  /// nobody can make the server reserve what they never send.
  static let ownedLengths = 64 * ByteCount.kibibyte...32 * ByteCount.mebibyte

  /// Of the part that the handler names.
  private static let alignment = 64

  /// Whether the present body, whose first bytes do not complete it, gets memory of its own.
  var takesOwned: Bool { ownedLength > 0 }

  /// Takes a piece that came elsewhere: with the head, or out of TLS.
  func appendOwned(_ piece: UnsafeRawBufferPointer) {
    if ownedBody.isEmpty { allocateOwned() }
    let start = ownedStart + ownedFilled
    ownedBody.withUnsafeMutableBytes { room in
      UnsafeMutableRawBufferPointer(rebasing: room[start...]).copyBytes(from: piece)
    }
    ownedFilled += piece.count
    channel.receivesInPlace = ownedFilled < ownedLength
  }

  private func allocateOwned() {
    FreedMemory.keep()
    var offset = 0
    if case .buffered(let handler) = server.state.handler, let requestHead {
      offset = handler.alignedOffset(in: requestHead)
    }
    var start = 0
    // Not initialized: every byte is written before anybody reads one, and a body that ends early is thrown
    // away.
    ownedBody = Bytes(unsafeUninitializedCapacity: ownedLength + Self.alignment) { room, count in
      start = (0 &- (Int(bitPattern: room.baseAddress) &+ offset)) & (Self.alignment - 1)
      count = start + ownedLength
    }
    ownedStart = start
  }

  /// Receives straight into the body; never beyond it, so that what follows stays in the socket.
  func receiveOwned(_ receive: (UnsafeMutableRawBufferPointer) -> TransferResult) -> TransferResult {
    guard case .body = request, ownedFilled < ownedLength, !ownedBody.isEmpty else {
      channel.receivesInPlace = false
      return .wouldBlock
    }
    let start = ownedStart + ownedFilled
    let result = ownedBody.withUnsafeMutableBytes {
      receive(UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
    }
    guard case .bytes(let count) = result else { return result }
    ownedFilled += count
    owesContinue = false
    if ownedFilled < ownedLength {
      enter(.body)
    } else {
      enter(.none)
      request = .complete
      dispatchOwned()
      updateReading()
    }
    return result
  }

  /// The body is complete.
  func dispatchOwned() {
    let body = exchange(&ownedBody, [])[ownedStart...]
    // The next one is likely to be like it.
    channel.expectsInPlace = ownedLength > server.loop.receiveBuffer.count
    endOwnedBody()
    guard case .buffered(let handler) = server.state.handler, let head = exchange(&requestHead, nil) else {
      return
    }
    handOver { handler.handle(head, ownedBody: body, exchange: $0) }
  }

  func endOwnedBody() {
    channel.receivesInPlace = false
    ownedBody = []
    ownedStart = 0
    ownedFilled = 0
    ownedLength = 0
  }
}
