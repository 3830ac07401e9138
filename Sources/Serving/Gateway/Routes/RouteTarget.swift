internal import KubeProtocol

/// Where a rule's requests go and what is changed on the way.
final class RouteTarget: Sendable {
  struct WeightedBackend: Sendable {
    var backend: Backend
    var filters: RouteFilters
    /// The sum of the weights up to this one.
    var cumulativeWeight: Int64
  }

  let route: ObjectKey
  let filters: RouteFilters
  let timeout: Duration?
  let backends: [WeightedBackend]
  /// What the rule's `PathPrefix` covers, for prefix rewrites.
  let matchedPrefix: String

  init(
    route: ObjectKey, filters: RouteFilters, timeout: Duration?,
    backends: [(Backend, RouteFilters, weight: Int64)],
    matchedPrefix: String
  ) {
    self.route = route
    self.filters = filters
    self.timeout = timeout
    self.matchedPrefix = matchedPrefix
    var sum: Int64 = 0
    self.backends = backends.filter { $0.weight > 0 }.map { backend, filters, weight in
      sum += weight
      return WeightedBackend(backend: backend, filters: filters, cumulativeWeight: sum)
    }
  }

  /// The backend whose share of the weights covers `position`; nil where no backend has any.
  /// - Parameter position: uniformly distributed bits.
  func choose(_ position: UInt64) -> WeightedBackend? {
    guard let last = backends.last, backends.count > 1 else { return backends.first }
    let point = Int64(clamping: position.multipliedFullWidth(by: UInt64(last.cumulativeWeight)).high)
    return backends.first { point < $0.cumulativeWeight }
  }
}
