internal import Formats
internal import KubeProtocol

/// Ingresses and NetworkPolicies.
enum NetworkingStrategies {
  static let ingress = ResourceStrategy(
    hasGeneration: true,
    applyDefaults: { PodDefaults.setDefault(&$0.json, "status", ["loadBalancer": [:]]) },
    validate: { ingress, _ in
      let spec = ingress.spec ?? [:]
      var causes: [KubeError.Cause] = []
      if spec["defaultBackend"] == nil, spec["rules"]?.array?.isEmpty ?? true {
        causes.append(
          .invalid("spec", spec.encodedText, "either `defaultBackend` or `rules` must be specified"))
      }
      if let backend = spec["defaultBackend"] { causes += backendCauses(backend, at: "spec.defaultBackend") }
      for (number, rule) in (spec["rules"]?.array ?? []).enumerated() {
        let host = rule["host"]?.string ?? ""
        if !host.isEmpty {
          let plain = host.hasPrefix("*.") ? String(host.dropFirst(2)) : host
          causes += LabelSyntax.subdomainProblems(plain).map {
            .invalid("spec.rules[\(number)].host", host, $0)
          }
        }
        for (index, path) in (rule.at("http", "paths")?.array ?? []).enumerated() {
          causes += pathCauses(path, at: "spec.rules[\(number)].http.paths[\(index)]")
        }
      }
      return causes
    })

  private static func pathCauses(_ path: JSONValue, at place: String) -> [KubeError.Cause] {
    var causes = PodValidation.supported(
      path, "pathType", ["Exact", "ImplementationSpecific", "Prefix"], at: place)
    if path["pathType"]?.string?.isEmpty ?? true {
      causes.append(.required("\(place).pathType", "pathType must be specified"))
    }
    let text = path["path"]?.string ?? ""
    if path["pathType"] != "ImplementationSpecific" || !text.isEmpty, !text.hasPrefix("/") {
      causes.append(.invalid("\(place).path", text, "must be an absolute path"))
    }
    return causes + backendCauses(path["backend"] ?? [:], at: "\(place).backend")
  }

  private static func backendCauses(_ backend: JSONValue, at place: String) -> [KubeError.Cause] {
    switch (backend["service"], backend["resource"]) {
    case (nil, nil): return [.required(place, "must specify a service or a resource")]
    case (.some, .some):
      return [.invalid(place, "", "cannot set both resource and service backends")]
    case (let service?, nil):
      var causes: [KubeError.Cause] = []
      let name = service["name"]?.string ?? ""
      if name.isEmpty { causes.append(.required("\(place).service.name")) }
      let port = service["port"] ?? [:]
      if port["name"] != nil && port["number"] != nil {
        causes.append(.invalid("\(place)", "", "cannot set both port name & port number"))
      } else if port["name"] == nil {
        let number = port["number"]?.int ?? 0
        if number == 0 {
          causes.append(.required("\(place)", "port name or number is required"))
        } else if let problem = PortSyntax.numberProblem(number) {
          causes.append(.invalid("\(place).service.port.number", number, problem))
        }
      }
      return causes
    case (nil, .some): return []
    }
  }

  static let networkPolicy = ResourceStrategy(
    hasGeneration: true,
    applyDefaults: { policy in
      PodDefaults.change(&policy.json, "spec") { spec in
        if spec["policyTypes"]?.array?.isEmpty ?? true {
          let hasEgress = !(spec["egress"]?.array?.isEmpty ?? true)
          spec["policyTypes"] = hasEgress ? ["Ingress", "Egress"] : ["Ingress"]
        }
        PodDefaults.setDefault(&spec, "podSelector", [:])
        for direction in ["ingress", "egress"] {
          PodDefaults.changeElements(of: &spec, direction) { rule in
            PodDefaults.changeElements(of: &rule, "ports") { PodDefaults.setDefault(&$0, "protocol", "TCP") }
          }
        }
      }
    },
    validate: { policy, _ in
      let types = (policy.spec?["policyTypes"]?.array ?? []).compactMap(\.string)
      return types.enumerated().filter { !["Egress", "Ingress"].contains($0.element) }.map {
        .notSupported("spec.policyTypes[\($0.offset)]", $0.element, ["Egress", "Ingress"])
      }
    })
}
