internal import KubeProtocol

/// The rules and gates of the next table. Each table shares with the one before what has not changed.
struct RouteTableBuilder {
  private var exact = SharedMap<String, [CompiledRule]>()
  private var wildcards: [(suffix: String, rules: [CompiledRule])] = []
  private var anyHost: [CompiledRule] = []
  private var gates = SharedMap<EndpointRegistry.GateKey, Backend>()
  private var changedGates: [Backend] = []
  private var removedGates: [BackendGate] = []
  private var number: UInt64 = 0

  mutating func makeTable() -> RouteTable {
    number &+= 1
    defer {
      changedGates = []
      removedGates = []
    }
    return RouteTable(
      exact: exact, wildcards: wildcards, anyHost: anyHost, gates: gates, changedGates: changedGates,
      removedGates: removedGates, number: number)
  }

  /// - Parameter host: nil for any.
  mutating func add(_ rules: [CompiledRule], to host: HostPattern?) {
    change(host) { list in
      for rule in rules {
        let position = list.firstIndex { CompiledRule.precedes(rule, $0) } ?? list.count
        list.insert(rule, at: position)
      }
    }
  }

  mutating func remove(route: ObjectKey, from host: HostPattern?) {
    change(host) { list in list.removeAll { $0.target.route == route } }
  }

  private mutating func change(_ host: HostPattern?, _ body: (inout [CompiledRule]) -> Void) {
    switch host {
    case nil: body(&anyHost)
    case .exact(let name):
      var rules = exact[name] ?? []
      body(&rules)
      exact[name] = rules.isEmpty ? nil : rules
    case .wildcard(let suffix):
      let position = wildcards.firstIndex { $0.suffix == suffix }
      var rules = position.map { wildcards.remove(at: $0).rules } ?? []
      body(&rules)
      guard !rules.isEmpty else { return }
      // The longest first.
      let length = suffix.utf8.count
      let place = wildcards.firstIndex { $0.suffix.utf8.count < length } ?? wildcards.count
      wildcards.insert((suffix, rules), at: place)
    }
  }

  /// - Parameter backend: nil where nothing of it is counted or held back any more.
  mutating func setGate(_ key: EndpointRegistry.GateKey, _ backend: Backend?) {
    let old = gates[key]
    if old === backend { return }
    gates[key] = backend
    if let backend { changedGates.append(backend) }
    if let gate = old?.gate, gate !== backend?.gate { removedGates.append(gate) }
  }
}
