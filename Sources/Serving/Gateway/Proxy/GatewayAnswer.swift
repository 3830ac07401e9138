internal import Basics
internal import Formats
internal import HTTPWire

/// What the gateway itself answers: a JSON body that says why.
struct GatewayAnswer {
  var status: Int
  /// From a closed list, for machines.
  var reason: String
  var message: String
  /// Whether it makes sense to come back soon.
  var isTemporary = false

  var head: HTTPResponseHead {
    var headers: HTTPHeaders = ["Content-Type": "application/json"]
    if isTemporary { headers.append("Retry-After", "1") }
    return HTTPResponseHead(status: status, headers: headers)
  }

  var body: Bytes {
    let json: JSONValue = ["error": .string(message), "reason": .string(reason), "code": .int(status)]
    return json.encoded()
  }

  static func unknownHost(_ host: String, hostCount: Int) -> GatewayAnswer {
    let known = hostCount == 1 ? "1 host is" : "\(hostCount) hosts are"
    return GatewayAnswer(
      status: 404, reason: "NoRouteForHost",
      message: "no route for host '\(shown(host))': \(known) routed here; check the Host header, "
        + "or the hostnames that kubectl get httproutes -A lists")
  }

  static func noRule(host: String, method: String, path: Substring, rules: Int) -> GatewayAnswer {
    GatewayAnswer(
      status: 404, reason: "NoMatchingRule",
      message: "host '\(shown(host))' is routed here, but none of its \(rules) rules matches "
        + "\(method) \(shown(path))")
  }

  static func invalidBackend(_ problem: Backend.ReferenceProblem, route: String) -> GatewayAnswer {
    GatewayAnswer(status: 500, reason: problem.reason, message: "route \(route): \(problem.message)")
  }

  static func noBackend(route: String) -> GatewayAnswer {
    GatewayAnswer(
      status: 500, reason: "NoBackend",
      message: "route \(route): the rule has no backend with a weight above zero")
  }

  static func noEndpoint(service: String) -> GatewayAnswer {
    GatewayAnswer(
      status: 503, reason: "NoReadyEndpoint",
      message: "no ready endpoint for service \(service): its pods are not ready or there are none; "
        + "kubectl get pods and kubectl describe tell why", isTemporary: true)
  }

  static func tooManyWaiting(service: String) -> GatewayAnswer {
    GatewayAnswer(
      status: 503, reason: "QueueFull",
      message: "service \(service) has as many requests waiting for a pod as may wait; come back later, or "
        + "raise maxReplicas or containerConcurrency", isTemporary: true)
  }

  static func neverStarted(service: String, after timeout: Duration) -> GatewayAnswer {
    GatewayAnswer(
      status: 503, reason: "ActivationTimeout",
      message: "no pod of service \(service) became ready within \(timeout): the service was asleep or all "
        + "of its pods were lost; kubectl describe isvc tells what keeps them", isTemporary: true)
  }

  static func noPlace(service: String, limit: Int, after timeout: Duration) -> GatewayAnswer {
    GatewayAnswer(
      status: 503, reason: "ConcurrencyLimit",
      message: "each pod of service \(service) had \(limit) requests, its containerConcurrency, for "
        + "\(timeout); raise maxReplicas or containerConcurrency", isTemporary: true)
  }

  static func stopping(service: String) -> GatewayAnswer {
    GatewayAnswer(
      status: 503, reason: "Stopping",
      message: "the gateway stops; the request waited for a pod of service \(service) and reached none",
      isTemporary: true)
  }

  static func upstreamFailed(service: String, cause: String) -> GatewayAnswer {
    GatewayAnswer(
      status: 502, reason: "UpstreamFailed", message: "service \(service) gave no answer: \(cause)",
      isTemporary: true)
  }

  static func unreachable(service: String, cause: String) -> GatewayAnswer {
    GatewayAnswer(
      status: 503, reason: "UpstreamUnreachable", message: "service \(service) cannot be reached: \(cause)",
      isTemporary: true)
  }

  static func timedOut(service: String, after timeout: Duration) -> GatewayAnswer {
    GatewayAnswer(
      status: 504, reason: "Timeout",
      message: "service \(service) did not answer within \(timeout), the route's request timeout")
  }

  /// Outside text, cut to a length that fits a message.
  private static func shown(_ text: some StringProtocol) -> String { String(text.prefix(200)) }
}
