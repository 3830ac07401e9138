internal import KubeProtocol

/// The objects of an informer by key, with its indices. Guarded by the informer's lock.
struct InformerStore {
  typealias IndexFunction = @Sendable (KubeObject) -> [String]

  private struct Index {
    var function: IndexFunction
    var buckets: [String: Set<ObjectKey>] = [:]

    mutating func insert(_ object: KubeObject) {
      for value in function(object) { buckets[value, default: []].insert(object.key) }
    }

    mutating func remove(_ object: KubeObject) {
      for value in function(object) {
        buckets[value]?.remove(object.key)
        if buckets[value]?.isEmpty == true { buckets[value] = nil }
      }
    }
  }

  private(set) var objects: [ObjectKey: KubeObject] = [:]
  /// The revision up to which every change has been seen; "" before the first list.
  var resourceVersion = ""
  private var indices: [String: Index] = [:]

  /// A second index of the same name is ignored: names stand for one function each.
  mutating func addIndex(_ name: String, _ function: @escaping IndexFunction) {
    guard indices[name] == nil else { return }
    var index = Index(function: function)
    for object in objects.values { index.insert(object) }
    indices[name] = index
  }

  func keys(index name: String, value: String) -> Set<ObjectKey>? {
    guard let index = indices[name] else { return nil }
    return index.buckets[value] ?? []
  }

  func count(index name: String, value: String) -> Int { indices[name]?.buckets[value]?.count ?? 0 }

  /// Puts the object in; nil where the store has this very state already.
  mutating func put(_ object: KubeObject) -> InformerChange? {
    let old = objects[object.key]
    if let old, !old.resourceVersion.isEmpty, old.resourceVersion == object.resourceVersion { return nil }
    objects[object.key] = object
    for name in indices.keys {
      if let old { indices[name]?.remove(old) }
      indices[name]?.insert(object)
    }
    // Deleted and made again between two looks: handlers that keep track by uid must see both.
    return old.map { .updated(old: $0, new: object) } ?? .added(object)
  }

  mutating func remove(_ key: ObjectKey) -> KubeObject? {
    guard let old = objects.removeValue(forKey: key) else { return nil }
    for name in indices.keys { indices[name]?.remove(old) }
    return old
  }
}
