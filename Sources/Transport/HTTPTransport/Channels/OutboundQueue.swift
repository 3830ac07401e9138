internal import Basics

/// Bytes that wait to be sent. Small pieces are gathered in one buffer, large ones are kept as they are.
struct OutboundQueue {
  /// From here on a piece is kept, not copied.
  private static let largePiece = 32 * 1024
  /// An empty queue keeps a buffer of up to this capacity for the next answer.
  private static let keptCapacity = 8 * 1024

  /// Complete pieces, before `tail`; `head` of them are sent.
  private var pieces: [Bytes] = []
  private var head = 0
  private var headOffset = 0
  /// Where small pieces go.
  private var tail: Bytes = []
  private var tailOffset = 0

  private(set) var count = 0

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

  mutating func append(_ bytes: Bytes) {
    if bytes.count < Self.largePiece {
      tail.append(contentsOf: bytes)
    } else {
      sealTail()
      pieces.append(bytes)
    }
    count += bytes.count
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

  /// Takes bytes off the front, at most what `withFirst` showed.
  mutating func removeFirst(_ sent: Int) {
    count -= sent
    if head < pieces.count {
      headOffset += sent
      guard headOffset >= pieces[head].count else { return }
      pieces[head] = []
      head += 1
      headOffset = 0
      if head == pieces.count {
        pieces.removeAll(keepingCapacity: true)
        head = 0
      }
    } else {
      tailOffset += sent
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
      pieces.append(tailOffset == 0 ? tail : Bytes(tail[tailOffset...]))
    }
    tail = []
    tailOffset = 0
  }
}
