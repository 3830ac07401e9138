/// The arithmetic of rolling updates. Every function is pure; results are wanted replicas by set name, with
/// only those sets in it that change.
enum RollingUpdate {
  /// The next step: first the new set up, else old ones down.
  static func step(
    replicas: Int, bounds: RolloutBounds, new: RolloutSet, old: [RolloutSet]
  ) -> [String: Int] {
    let grown = newSetReplicas(replicas: replicas, bounds: bounds, new: new, old: old)
    if grown != new.replicas { return [new.name: grown] }
    return oldSetsDown(replicas: replicas, bounds: bounds, new: new, old: old)
  }

  /// How large the new set may be now, with all pods together at most wanted + surge.
  static func newSetReplicas(replicas: Int, bounds: RolloutBounds, new: RolloutSet, old: [RolloutSet]) -> Int
  {
    if new.replicas >= replicas { return replicas }
    // Pods that an old set no longer asks for are there until they are deleted.
    let total = new.replicas + old.reduce(0) { $0 + max($1.replicas, $1.pods) }
    let room = max(0, replicas + bounds.surge - total)
    return new.replicas + min(room, replicas - new.replicas)
  }

  /// Old sets down: first pods that are not available anyway, then as many available ones as can be missed.
  static func oldSetsDown(
    replicas: Int, bounds: RolloutBounds, new: RolloutSet, old: [RolloutSet]
  ) -> [String: Int] {
    var sets = old.filter { $0.replicas > 0 }.sorted { ($0.created, $0.name) < ($1.created, $1.name) }
    if sets.isEmpty { return [:] }
    let minimumAvailable = replicas - bounds.unavailable
    let total = new.replicas + sets.reduce(0) { $0 + $1.replicas }
    let newUnavailable = new.replicas - new.available
    let mayGo = total - minimumAvailable - newUnavailable
    if mayGo <= 0 { return [:] }
    var wanted: [String: Int] = [:]

    var removed = 0
    for index in sets.indices where removed < mayGo && sets[index].available < sets[index].replicas {
      let cut = min(mayGo - removed, sets[index].replicas - sets[index].available)
      removed += cut
      sets[index].replicas -= cut
      wanted[sets[index].name] = sets[index].replicas
    }

    // A set's status may still count pods that it is about to delete.
    let available = sets.reduce(min(new.available, new.replicas)) { $0 + min($1.available, $1.replicas) }
    var spare = min(available - minimumAvailable, mayGo - removed)
    for index in sets.indices where spare > 0 && sets[index].replicas > 0 {
      let cut = min(sets[index].replicas, spare)
      spare -= cut
      sets[index].replicas -= cut
      wanted[sets[index].name] = sets[index].replicas
    }
    return wanted
  }

  /// A change of the wanted number in the middle of a rollout is shared out among the sets by their size.
  /// - Parameter previousTotal: how many pods there might be when a set was last scaled, where it does not
  ///   say itself.
  static func proportional(
    replicas: Int, bounds: RolloutBounds, sets: [RolloutSet], previousTotal: Int
  ) -> [String: Int] {
    let total = sets.reduce(0) { $0 + $1.replicas }
    let allowed = replicas > 0 ? replicas + bounds.surge : 0
    let change = allowed - total
    let sorted = sets.sorted { left, right in
      if left.replicas != right.replicas { return left.replicas > right.replicas }
      // Growing favours the newer of two equal ones, shrinking spares it.
      return change > 0
        ? (left.created, left.name) > (right.created, right.name)
        : (left.created, left.name) < (right.created, right.name)
    }
    var wanted: [String: Int] = [:]
    var shared = 0
    for set in sorted {
      var part = 0
      if set.replicas > 0 && change != 0 && change != shared {
        let fraction = share(of: set, replicas: replicas, bounds: bounds, previousTotal: previousTotal)
        part = change > 0 ? min(fraction, change - shared) : max(fraction, change - shared)
      }
      wanted[set.name] = set.replicas + part
      shared += part
    }
    if let first = sorted.first { wanted[first.name] = max(0, (wanted[first.name] ?? 0) + change - shared) }
    return wanted.filter { entry in sets.contains { $0.name == entry.key && $0.replicas != entry.value } }
  }

  /// How much a set changes when it keeps its share of all pods.
  private static func share(of set: RolloutSet, replicas: Int, bounds: RolloutBounds, previousTotal: Int)
    -> Int
  {
    if replicas == 0 { return -set.replicas }
    let before = max(1, set.maxReplicas ?? previousTotal)
    let size = Double(set.replicas) * Double(replicas + bounds.surge) / Double(before)
    return Int(clamping: Int64(min(size.rounded(), 1e9))) - set.replicas
  }
}
