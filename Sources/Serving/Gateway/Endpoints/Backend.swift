internal import KubeProtocol

/// A Service's port with the endpoints that are ready now.
final class Backend: Sendable {
  let service: ObjectKey
  let port: Int64?
  let endpoints: [Endpoint]
  /// Why the reference leads nowhere; nil where it is right (there may be no ready endpoint all the same).
  let problem: ReferenceProblem?
  /// Whether requests scale it: one that finds no endpoint waits for a pod to start.
  let isScaledByRequests: Bool
  /// Most requests that one endpoint is given at a time; 0 for no bound.
  let endpointLimit: Int
  /// Where one of the two above is set.
  let gate: BackendGate?

  var gateKey: EndpointRegistry.GateKey { EndpointRegistry.GateKey(service: service, port: port) }

  /// A `ResolvedRefs` reason with its sentence.
  struct ReferenceProblem: Sendable, Hashable {
    var reason: String
    var message: String
  }

  init(
    service: ObjectKey, port: Int64?, endpoints: [Endpoint], problem: ReferenceProblem? = nil,
    isScaledByRequests: Bool = false, endpointLimit: Int = 0, gate: BackendGate? = nil
  ) {
    self.service = service
    self.port = port
    self.endpoints = endpoints
    self.problem = problem
    self.isScaledByRequests = isScaledByRequests
    self.endpointLimit = endpointLimit
    self.gate = gate
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
    // Where places are counted none may be overlooked.
    let enough = endpointLimit > 0 ? Int.max : Self.looks
    for offset in 0..<endpoints.count where looks < enough {
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

  /// As `leastLoaded`, with the request counted there.
  /// - Returns: nil where there is none, all have failed, or all have as much as they may.
  func reserve(turn: Int, avoiding failed: [Endpoint] = []) -> Endpoint? {
    // Lost races for the last place of an endpoint are few; whoever loses them all waits.
    for attempt in 0..<8 {
      guard let endpoint = leastLoaded(turn: turn &+ attempt, avoiding: failed) else { return nil }
      if endpoint.tryBegin(limit: endpointLimit) { return endpoint }
      if endpoint.inFlight >= endpointLimit { return nil }
    }
    return nil
  }
}
