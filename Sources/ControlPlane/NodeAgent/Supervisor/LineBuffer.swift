internal import Basics

/// Cuts a stream of bytes into lines. Lines longer than the limit come out in pieces.
struct LineBuffer {
  struct Line {
    var bytes: ArraySlice<UInt8>
    /// False for a piece whose rest follows.
    var isWhole: Bool
  }

  private var pending = Bytes()
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  var isEmpty: Bool { pending.isEmpty }

  /// Calls `body` for each line that is complete with these bytes, without its newline.
  mutating func append(_ bytes: UnsafeRawBufferPointer, _ body: (Line) -> Void) {
    pending.append(contentsOf: bytes)
    var start = 0
    while start < pending.count {
      let end = min(pending.count, start + limit)
      if let newline = pending[start..<end].firstIndex(of: 10) {
        body(Line(bytes: pending[start..<newline], isWhole: true))
        start = newline + 1
      } else if end - start == limit {
        body(Line(bytes: pending[start..<end], isWhole: false))
        start = end
      } else {
        break
      }
    }
    pending.removeFirst(start)
  }

  /// What came after the last newline, as a piece whose rest never came; the buffer is empty afterwards.
  mutating func takeRest() -> Line? {
    guard !pending.isEmpty else { return nil }
    defer { pending = [] }
    return Line(bytes: pending[...], isWhole: false)
  }
}
