internal import Basics
internal import Linux

/// Bytes that wait to be sent. Small pieces are gathered in one buffer, large ones are kept as they are.
struct OutboundQueue {
  /// From here on a piece is kept, not copied.
  private static let largePiece = 32 * 1024
  /// An empty queue keeps a buffer of up to this capacity for the next answer.
  private static let keptCapacity = 8 * 1024

  /// Complete pieces, before `tail`; `head` of them are sent.
  private var pieces: [Piece] = []
  private var head = 0
  private var headOffset = 0
  /// Where small pieces go.
  private var tail: Bytes = []
  private var tailOffset = 0

  private(set) var count = 0

  private enum Piece {
    case bytes(ArraySlice<UInt8>)
    case lent(any BodyPiece)

    var count: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .lent(let piece): piece.byteCount
      }
    }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
      switch self {
      case .bytes(let bytes): return bytes.withUnsafeBytes(body)
      case .lent(let piece):
        var result: Result?
        piece.withBytes { result = body($0) }
        return result
      }
    }
  }

  var isEmpty: Bool { count == 0 }

  /// Appends through `body`, which may only append.
  mutating func append(_ body: (inout Bytes) -> Void) {
    let before = tail.count
    body(&tail)
    count += tail.count - before
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    tail.append(contentsOf: bytes)
    count += bytes.count
  }

  mutating func append(_ bytes: Bytes) { append(bytes[...]) }

  mutating func append(_ bytes: ArraySlice<UInt8>) {
    if bytes.count < Self.largePiece {
      tail.append(contentsOf: bytes)
    } else {
      sealTail()
      pieces.append(.bytes(bytes))
    }
    count += bytes.count
  }

  mutating func append(_ piece: any BodyPiece) {
    let length = piece.byteCount
    if length < Self.largePiece {
      piece.withBytes { tail.append(contentsOf: $0) }
    } else {
      sealTail()
      pieces.append(.lent(piece))
    }
    count += length
  }

  /// The next bytes to send, with whether others follow; nil where there are none.
  func withFirst<Result>(_ body: (UnsafeRawBufferPointer, _ more: Bool) -> Result) -> Result? {
    if head < pieces.count {
      let more = head + 1 < pieces.count || tail.count > tailOffset
      return pieces[head].withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[headOffset...]), more) }
    }
    guard tail.count > tailOffset else { return nil }
    return tail.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[tailOffset...]), false) }
  }

  /// Sends what waits with one call, as far as `list` has room for its pieces; nil where nothing waits.
  func send(on socket: Socket, _ list: SendPieces) -> TransferResult? {
    guard head < pieces.count else { return withFirst { socket.send($0, more: $1) } }
    list.removeAll()
    return gather(head, into: list) { socket.send(list) }
  }

  /// Keeps the pieces' bytes in place for as long as `body` runs.
  private func gather(
    _ index: Int, into list: SendPieces, _ body: () -> TransferResult
  ) -> TransferResult {
    guard index < pieces.count else {
      return tail.withUnsafeBytes { bytes in
        if bytes.count > tailOffset {
          _ = list.append(UnsafeRawBufferPointer(rebasing: bytes[tailOffset...]))
        }
        return body()
      }
    }
    let result = pieces[index].withUnsafeBytes { bytes -> TransferResult in
      let skipped = index == head ? headOffset : 0
      guard list.append(UnsafeRawBufferPointer(rebasing: bytes[skipped...])) else { return body() }
      return gather(index + 1, into: list, body)
    }
    // A piece that lends nothing has nothing to send.
    return result ?? .bytes(0)
  }

  /// Takes bytes off the front, at most what was shown.
  mutating func removeFirst(_ sent: Int) {
    count -= sent
    var left = sent
    while head < pieces.count, left > 0 {
      let taken = min(left, pieces[head].count - headOffset)
      headOffset += taken
      left -= taken
      guard headOffset >= pieces[head].count else { return }
      pieces[head] = .bytes([])
      head += 1
      headOffset = 0
      if head == pieces.count {
        pieces.removeAll(keepingCapacity: true)
        head = 0
      }
    }
    if left > 0 {
      tailOffset += left
      guard tailOffset >= tail.count else { return }
      tailOffset = 0
      tail.removeAll(keepingCapacity: tail.capacity <= Self.keptCapacity)
    }
  }

  mutating func removeAll() {
    pieces.removeAll()
    tail.removeAll()
    head = 0
    headOffset = 0
    tailOffset = 0
    count = 0
  }

  private mutating func sealTail() {
    if tail.count > tailOffset {
      pieces.append(.bytes(tail[tailOffset...]))
    }
    tail = []
    tailOffset = 0
  }
}
