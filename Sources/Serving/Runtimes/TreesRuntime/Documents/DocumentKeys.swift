/// The last keys of objects that were read, and where in the file they stand.
struct DocumentKeys {
  private struct Known {
    let text: String
    let start: Int
  }

  private var known = [Known?](repeating: nil, count: 64)

  private static func place(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    if start == end { return 0 }
    let letters = Int(bytes[start]) &* 7 &+ Int(bytes[end &- 1]) &* 3 &+ Int(bytes[(start &+ end) / 2]) &* 5
    return (letters &+ end &- start) & 63
  }

  func find(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> String? {
    guard let candidate = known[DocumentKeys.place(bytes, start, end)],
      candidate.text.utf8.count == end - start
    else { return nil }
    let raw = UnsafeRawBufferPointer(bytes)
    let length = end &- start
    var index = 0
    while length &- index >= 8 {
      let known = raw.loadUnaligned(fromByteOffset: candidate.start &+ index, as: UInt64.self)
      if known != raw.loadUnaligned(fromByteOffset: start &+ index, as: UInt64.self) { return nil }
      index &+= 8
    }
    while index < length {
      if bytes[candidate.start &+ index] != bytes[start &+ index] { return nil }
      index &+= 1
    }
    return candidate.text
  }

  /// - Parameter text: what stands, without escapes, between `start` and `end`.
  mutating func insert(_ text: String, _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) {
    known[DocumentKeys.place(bytes, start, end)] = Known(text: text, start: start)
  }
}
