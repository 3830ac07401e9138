internal import KubeProtocol

/// Everything that the server serves at one moment. A value: a changed set of kinds is a new registry.
struct ResourceRegistry: Sendable {
  struct CollectionName: Hashable {
    var group: String
    var version: String
    var plural: String
  }

  private(set) var definitions: [ResourceDefinition] = []
  private var positions: [CollectionName: Int] = [:]

  init(_ definitions: [ResourceDefinition] = []) {
    for definition in definitions { add(definition) }
  }

  /// A later definition of the same collection replaces the earlier one.
  mutating func add(_ definition: ResourceDefinition) {
    let name = Self.name(definition.resource)
    if let position = positions[name] {
      definitions[position] = definition
    } else {
      positions[name] = definitions.count
      definitions.append(definition)
    }
  }

  mutating func removeCustom(group: String, plural: String) {
    let kept = definitions.filter {
      !($0.isCustom && $0.resource.group == group && $0.resource.plural == plural)
    }
    self = ResourceRegistry(kept)
    // A definition may have stood in for built-in kinds (the Gateway API's own CRDs do): those come back.
    for builtin in BuiltinResources.all
    where builtin.resource.group == group && builtin.resource.plural == plural
      && find(builtin.resource) == nil
    {
      add(builtin)
    }
  }

  func find(group: String, version: String, plural: String) -> ResourceDefinition? {
    positions[CollectionName(group: group, version: version, plural: plural)].map { definitions[$0] }
  }

  func find(_ resource: KubeResource) -> ResourceDefinition? {
    find(group: resource.group, version: resource.version, plural: resource.plural)
  }

  func find(_ kind: GroupVersionKind) -> ResourceDefinition? {
    definitions.first {
      $0.resource.kind == kind.kind && $0.resource.group == kind.group && $0.resource.version == kind.version
    }
  }

  /// One definition for each stored collection: of several versions the first.
  var collections: [ResourceDefinition] {
    var seen: Set<String> = []
    return definitions.filter { $0.review == nil && seen.insert($0.storagePrefix).inserted }
  }

  /// The definition whose objects lie under a storage key.
  func find(storageKey: String) -> ResourceDefinition? {
    collections.first { storageKey.hasPrefix($0.storagePrefix) }
  }

  func definitions(group: String, version: String) -> [ResourceDefinition] {
    definitions.filter { $0.resource.group == group && $0.resource.version == version }
  }

  /// Groups in the order they came, without the core group, each with its versions, the preferred one first.
  var groups: [(name: String, versions: [String])] {
    var result: [(name: String, versions: [String])] = []
    for definition in definitions where !definition.resource.group.isEmpty {
      let group = definition.resource.group
      let version = definition.resource.version
      if let position = result.firstIndex(where: { $0.name == group }) {
        if !result[position].versions.contains(version) { result[position].versions.append(version) }
      } else {
        result.append((group, [version]))
      }
    }
    return result.map { ($0.name, $0.versions.sorted(by: KubeVersion.isPreferred)) }
  }

  private static func name(_ resource: KubeResource) -> CollectionName {
    CollectionName(group: resource.group, version: resource.version, plural: resource.plural)
  }
}

/// Kubernetes' order of API versions: stable before beta before alpha, higher before lower.
enum KubeVersion {
  static func isPreferred(_ left: String, _ right: String) -> Bool {
    switch (rank(left), rank(right)) {
    case (let left?, let right?): return left > right
    case (.some, nil): return true
    case (nil, .some): return false
    case (nil, nil): return left < right
    }
  }

  private static func rank(_ version: String) -> (Int, Int, Int)? {
    guard version.hasPrefix("v") else { return nil }
    var rest = version.dropFirst()
    let major = rest.prefix(while: \.isNumber)
    rest = rest.dropFirst(major.count)
    guard let majorNumber = Int(major) else { return nil }
    if rest.isEmpty { return (3, majorNumber, 0) }
    for (name, stage) in [("beta", 2), ("alpha", 1)] where rest.hasPrefix(name) {
      if let minor = Int(rest.dropFirst(name.count)) { return (stage, majorNumber, minor) }
    }
    return nil
  }
}
