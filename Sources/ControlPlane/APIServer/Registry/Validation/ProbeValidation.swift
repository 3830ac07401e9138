internal import Formats
internal import KubeProtocol

/// Rules for probes and lifecycle handlers.
enum ProbeValidation {
  private static let numbers = [
    "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
  ]

  /// - Parameter kind: `livenessProbe`, `readinessProbe` or `startupProbe`.
  static func causes(_ probe: JSONValue, _ kind: String, at path: String) -> [KubeError.Cause] {
    var causes = handlerCauses(probe, ["exec", "httpGet", "tcpSocket", "grpc"], at: path)
    for field in numbers {
      if let number = probe[field]?.int, number < 0 {
        causes.append(.invalid("\(path).\(field)", number, "must be greater than or equal to 0"))
      }
    }
    if kind != "readinessProbe", let successes = probe["successThreshold"]?.int, successes > 1 {
      causes.append(.invalid("\(path).successThreshold", successes, "must be 1"))
    }
    if let grace = probe["terminationGracePeriodSeconds"]?.int {
      if kind == "readinessProbe" {
        causes.append(
          .invalid("\(path).terminationGracePeriodSeconds", grace, "must not be set for readinessProbes"))
      } else if grace <= 0 {
        causes.append(.invalid("\(path).terminationGracePeriodSeconds", grace, "must be greater than 0"))
      }
    }
    return causes
  }

  /// Exactly one of the ways to ask a container, and that one complete.
  static func handlerCauses(
    _ handler: JSONValue, _ kinds: [String], at path: String
  ) -> [KubeError.Cause] {
    let given = kinds.filter { handler[$0]?.object != nil }
    guard let kind = given.first, let action = handler[kind] else {
      return [.required(path, "must specify a handler type")]
    }
    var causes: [KubeError.Cause] = given.dropFirst().map {
      .forbidden("\(path).\($0)", "may not specify more than 1 handler type")
    }
    let place = "\(path).\(kind)"
    switch kind {
    case "exec":
      if action["command"]?.array?.isEmpty ?? true { causes.append(.required("\(place).command")) }
    case "httpGet":
      if (action["path"]?.string ?? "").isEmpty { causes.append(.required("\(place).path")) }
      causes += PodValidation.supported(action, "scheme", ["HTTP", "HTTPS"], at: place)
      causes += portCauses(action["port"], at: "\(place).port")
    case "sleep":
      if let seconds = action["seconds"]?.int, seconds < 0 {
        causes.append(.invalid("\(place).seconds", seconds, "must be greater than or equal to 0"))
      }
    default: causes += portCauses(action["port"], at: "\(place).port")
    }
    return causes
  }

  /// A number, or the name of a container's port.
  static func portCauses(_ port: JSONValue?, at field: String) -> [KubeError.Cause] {
    if let name = port?.string {
      return PortSyntax.nameProblems(name).map { .invalid(field, name, $0) }
    }
    let number = port?.int ?? 0
    return PortSyntax.numberProblem(number).map { [.invalid(field, number, $0)] } ?? []
  }
}
