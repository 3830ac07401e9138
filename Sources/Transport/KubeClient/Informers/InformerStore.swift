internal import KubeProtocol

/// Keys that an index files under one value; mostly there is one.
private enum ObjectKeys {
  case none
  case one(ObjectKey)
  case many(Set<ObjectKey>)

  var count: Int {
    switch self {
    case .none: 0
    case .one: 1
    case .many(let keys): keys.count
    }
  }

  mutating func insert(_ key: ObjectKey) {
    switch self {
    case .none: self = .one(key)
    case .one(key): break
    case .one(let other): self = .many([other, key])
    case .many(var keys):
      self = .none  // so that the set has one owner while it changes
      keys.insert(key)
      self = .many(keys)
    }
  }

  mutating func remove(_ key: ObjectKey) {
    switch self {
    case .none: break
    case .one(let other): if other == key { self = .none }
    case .many(var keys):
      self = .none
      keys.remove(key)
      self = .many(keys)
    }
  }
}

/// The objects of an informer by key, with its indices. Guarded by the informer's lock.
struct InformerStore {
  typealias IndexFunction = @Sendable (KubeObject) -> [String]

  private struct Index {
    let name: String
    var function: IndexFunction
    var buckets: [String: ObjectKeys] = [:]

    mutating func replace(_ old: KubeObject, with new: KubeObject) {
      let (before, after) = (function(old), function(new))
      if before == after && old.key == new.key { return }
      for value in before { remove(old.key, value) }
      for value in after { buckets[value, default: .none].insert(new.key) }
    }

    mutating func insert(_ object: KubeObject) {
      for value in function(object) { buckets[value, default: .none].insert(object.key) }
    }

    mutating func remove(_ object: KubeObject) {
      for value in function(object) { remove(object.key, value) }
    }

    private mutating func remove(_ key: ObjectKey, _ value: String) {
      buckets[value]?.remove(key)
      if buckets[value]?.count == 0 { buckets[value] = nil }
    }
  }

  private(set) var objects: [ObjectKey: KubeObject] = [:]
  /// The revision up to which every change has been seen; "" before the first list.
  var resourceVersion = ""
  /// Few: an array, so that each changes where it is.
  private var indices: [Index] = []

  /// A second index of the same name is ignored: names stand for one function each.
  mutating func addIndex(_ name: String, _ function: @escaping IndexFunction) {
    guard self.index(name) == nil else { return }
    var index = Index(name: name, function: function)
    for object in objects.values { index.insert(object) }
    indices.append(index)
  }

  private func index(_ name: String) -> Index? { indices.first { $0.name == name } }

  func objects(index name: String, value: String) -> [KubeObject] {
    switch index(name)?.buckets[value] {
    case .one(let key): objects[key].map { [$0] } ?? []
    case .many(let keys): keys.compactMap { objects[$0] }
    case nil, .some(.none): []
    }
  }

  func count(index name: String, value: String) -> Int { index(name)?.buckets[value]?.count ?? 0 }

  /// Puts the object in; nil where the store has this very state already.
  mutating func put(_ object: KubeObject) -> InformerChange? {
    let old = objects[object.key]
    if let old, !old.resourceVersion.isEmpty, old.resourceVersion == object.resourceVersion { return nil }
    objects[object.key] = object
    for position in indices.indices {
      if let old {
        indices[position].replace(old, with: object)
      } else {
        indices[position].insert(object)
      }
    }
    // Deleted and made again between two looks: handlers that keep track by uid must see both.
    return old.map { .updated(old: $0, new: object) } ?? .added(object)
  }

  mutating func remove(_ key: ObjectKey) -> KubeObject? {
    guard let old = objects.removeValue(forKey: key) else { return nil }
    for position in indices.indices { indices[position].remove(old) }
    return old
  }
}
