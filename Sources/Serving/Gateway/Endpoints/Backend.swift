internal import KubeProtocol

/// A Service's port with the endpoints that are ready now.
final class Backend: Sendable {
  let service: ObjectKey
  let port: Int64?
  let endpoints: [Endpoint]
  /// Why the reference leads nowhere; nil where it is right (there may be no ready endpoint all the same).
  let problem: ReferenceProblem?

  /// A `ResolvedRefs` reason with its sentence.
  struct ReferenceProblem: Sendable, Hashable {
    var reason: String
    var message: String
  }

  init(service: ObjectKey, port: Int64?, endpoints: [Endpoint], problem: ReferenceProblem? = nil) {
    self.service = service
    self.port = port
    self.endpoints = endpoints
    self.problem = problem
  }

  /// The endpoint with the fewest requests under way; among equals the one after `turn`, so that an idle
  /// service's requests are spread.
  /// - Parameters:
  ///   - turn: any number that differs from call to call.
  ///   - avoiding: an endpoint that just failed; taken only where there is no other.
  func leastLoaded(turn: Int, avoiding failed: Endpoint? = nil) -> Endpoint? {
    guard !endpoints.isEmpty else { return nil }
    // Beyond a few, the better of some picks is nearly as good as the best of all (M. Mitzenmacher, 2001).
    let looks = min(endpoints.count, 8)
    var best: Endpoint?
    var bestLoad = Int.max
    for offset in 0..<looks {
      let endpoint = endpoints[(turn & (Int.max >> 1) + offset) % endpoints.count]
      if endpoint === failed && endpoints.count > 1 { continue }
      let load = endpoint.inFlight
      if load < bestLoad {
        best = endpoint
        bestLoad = load
      }
    }
    return best
  }
}
