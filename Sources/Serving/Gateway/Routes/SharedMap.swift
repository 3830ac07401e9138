/// A dictionary in parts, of which a changed copy shares all but those that changed: the next table costs
/// what is different about it.
struct SharedMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private static var partCount: Int { 256 }

  private var parts: [[Key: Value]]
  private(set) var count = 0

  init() { parts = Array(repeating: [:], count: Self.partCount) }

  subscript(key: Key) -> Value? {
    get { parts[Self.part(of: key)][key] }
    set {
      let part = Self.part(of: key)
      let before = parts[part].count
      parts[part][key] = newValue
      count += parts[part].count - before
    }
  }

  var values: some Sequence<Value> { parts.lazy.flatMap(\.values) }

  private static func part(of key: Key) -> Int {
    Int(truncatingIfNeeded: UInt(bitPattern: key.hashValue) % UInt(partCount))
  }
}
