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

  /// Beyond a few, the better of some picks is nearly as good as the best of all (M. Mitzenmacher, 2001).
  private static let looks = 8

  /// The endpoint with the fewest requests under way; among equals the one after `turn`, so that an idle
  /// service's requests are spread.
  /// - Parameters:
  ///   - turn: any number that differs from call to call.
  ///   - avoiding: endpoints that just failed.
  /// - Returns: nil where there is none, or where all have failed.
  func leastLoaded(turn: Int, avoiding failed: [Endpoint] = []) -> Endpoint? {
    guard !endpoints.isEmpty else { return nil }
    var looks = 0
    var best: Endpoint?
    var bestLoad = Int.max
    let start = turn & (Int.max >> 1)
    for offset in 0..<endpoints.count where looks < Self.looks {
      let endpoint = endpoints[(start + offset) % endpoints.count]
      if failed.contains(where: { $0 === endpoint }) { continue }
      looks += 1
      let load = endpoint.inFlight
      if load < bestLoad {
        best = endpoint
        bestLoad = load
      }
    }
    return best
  }
}
