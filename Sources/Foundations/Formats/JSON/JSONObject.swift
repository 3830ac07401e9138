/// The members of a JSON object in the order they came. Keys are unique; look-ups stay fast for large
/// objects.
public struct JSONObject: Sendable {
  public typealias Member = (key: String, value: JSONValue)

  public private(set) var members: [Member]
  /// Key → position, kept only once there are many members.
  private var positions: [String: Int]?

  private static let indexThreshold = 16

  public init() { members = [] }

  /// A key that comes twice keeps its first place and its last value.
  public init(_ members: some Sequence<(String, JSONValue)>) {
    self.members = []
    self.members.reserveCapacity(members.underestimatedCount)
    for (key, value) in members { self[key] = value }
  }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
  public var keys: [String] { members.map(\.key) }

  public subscript(key: String) -> JSONValue? {
    get { position(of: key).map { members[$0].value } }
    set {
      guard let newValue else {
        removeValue(forKey: key)
        return
      }
      if let position = position(of: key) {
        members[position].value = newValue
      } else {
        // Objects live long and are many: a small one has room for what it holds.
        if members.count < Self.indexThreshold { members.reserveCapacity(members.count + 1) }
        appendNew(key, newValue)
      }
    }
  }

  public func contains(_ key: String) -> Bool { position(of: key) != nil }

  /// Removes a member and returns its value.
  @discardableResult
  public mutating func removeValue(forKey key: String) -> JSONValue? {
    guard let position = position(of: key) else { return nil }
    let removed = members.remove(at: position)
    positions = nil
    if members.count > Self.indexThreshold { buildIndex() }
    return removed.value
  }

  /// For readers that know that the key is new.
  mutating func appendNew(_ key: String, _ value: JSONValue) {
    positions?[key] = members.count
    members.append((key, value))
    if positions == nil && members.count > Self.indexThreshold { buildIndex() }
  }

  private mutating func buildIndex() {
    var index: [String: Int] = [:]
    index.reserveCapacity(members.count * 2)
    for (position, member) in members.enumerated() { index[member.key] = position }
    positions = index
  }

  private func position(of key: String) -> Int? {
    if let positions { return positions[key] }
    return members.firstIndex { $0.key == key }
  }
}

extension JSONObject: Hashable {
  /// Order does not matter, as in JSON.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    for key in keys.sorted() { hasher.combine(key) }
  }
}

extension JSONObject: Sequence {
  public func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
