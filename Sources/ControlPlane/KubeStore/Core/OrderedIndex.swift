internal import CShims

/// Current values, sorted by the bytes of their keys: chunks of sorted values, so that neither an insertion
/// nor a look-up touches more than a few hundred of them.
struct OrderedIndex {
  private static let chunkCapacity = 512

  /// None is empty.
  private var chunks: [[StoredValue]] = []
  private(set) var count = 0

  subscript(key: String) -> StoredValue? {
    guard let chunk = chunkIndex(of: key) else { return nil }
    let position = Self.firstPosition(in: chunks[chunk], notBefore: key)
    guard position < chunks[chunk].count, Self.isSame(chunks[chunk][position].key, key) else { return nil }
    return chunks[chunk][position]
  }

  /// Inserts the value or replaces the one with the same key.
  mutating func set(_ value: StoredValue) {
    guard let chunk = chunkIndex(of: value.key) else {
      if chunks.isEmpty { chunks.append([]) }
      chunks[0].insert(value, at: 0)
      count += 1
      splitIfFull(0)
      return
    }
    let position = Self.firstPosition(in: chunks[chunk], notBefore: value.key)
    if position < chunks[chunk].count, Self.isSame(chunks[chunk][position].key, value.key) {
      chunks[chunk][position] = value
      return
    }
    chunks[chunk].insert(value, at: position)
    count += 1
    splitIfFull(chunk)
  }

  mutating func remove(_ key: String) {
    guard let chunk = chunkIndex(of: key) else { return }
    let position = Self.firstPosition(in: chunks[chunk], notBefore: key)
    guard position < chunks[chunk].count, Self.isSame(chunks[chunk][position].key, key) else { return }
    chunks[chunk].remove(at: position)
    count -= 1
    if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
  }

  /// All values whose keys begin with `prefix`, in order.
  func values(prefix: String) -> [StoredValue] {
    var found: [StoredValue] = []
    let first = chunkIndex(of: prefix) ?? 0
    for chunk in chunks.dropFirst(first) {
      var position = Self.firstPosition(in: chunk, notBefore: prefix)
      while position < chunk.count {
        guard Self.begins(chunk[position].key, with: prefix) else { return found }
        found.append(chunk[position])
        position += 1
      }
    }
    return found
  }

  static func begins(_ key: String, with prefix: String) -> Bool {
    let count = prefix.utf8.count
    return key.utf8.count >= count && compare(key, limitedTo: count, prefix) == 0
  }

  // Keys are compared by bytes: Swift's own comparison takes canonically equivalent texts for the same.
  private static func compare(_ left: String, limitedTo limit: Int = .max, _ right: String) -> Int32 {
    var left = left
    var right = right
    return left.withUTF8 { left in
      right.withUTF8 { right in
        apus_compare_bytes(left.baseAddress, min(left.count, limit), right.baseAddress, right.count)
      }
    }
  }

  static func precedes(_ left: String, _ right: String) -> Bool { compare(left, right) < 0 }
  private static func isSame(_ left: String, _ right: String) -> Bool { compare(left, right) == 0 }

  /// The last chunk whose first key is not behind `key`; nil where all are behind it.
  private func chunkIndex(of key: String) -> Int? {
    var low = 0
    var high = chunks.count
    while low < high {
      let middle = (low + high) / 2
      if Self.precedes(key, chunks[middle][0].key) { high = middle } else { low = middle + 1 }
    }
    return low == 0 ? nil : low - 1
  }

  private static func firstPosition(in chunk: [StoredValue], notBefore key: String) -> Int {
    var low = 0
    var high = chunk.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(chunk[middle].key, key) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func splitIfFull(_ chunk: Int) {
    guard chunks[chunk].count > Self.chunkCapacity else { return }
    let half = chunks[chunk].count / 2
    let upper = Array(chunks[chunk][half...])
    chunks[chunk].removeSubrange(half...)
    chunks.insert(upper, at: chunk + 1)
  }
}
