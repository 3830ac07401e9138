internal import Formats
internal import KubeProtocol

/// Services: ports, cluster addresses.
enum ServiceStrategy {
  static let strategy = ResourceStrategy(
    nameRule: .label1035,
    fieldLabels: ["spec.clusterIP": ["spec", "clusterIP"], "spec.type": ["spec", "type"]],
    applyDefaults: { service in
      PodDefaults.change(&service.json, "spec", applyDefaults)
      PodDefaults.setDefault(&service.json, "status", ["loadBalancer": [:]])
    },
    prepareForCreate: { service, context in try await assignAddress(&service, nil, context) },
    prepareForUpdate: { service, old, context in try await assignAddress(&service, old, context) },
    validate: { service, _ in validate(service) })

  private static func applyDefaults(_ spec: inout JSONValue) {
    PodDefaults.setDefault(&spec, "type", "ClusterIP")
    PodDefaults.setDefault(&spec, "sessionAffinity", "None")
    if spec["type"] != "ExternalName" {
      PodDefaults.setDefault(&spec, "internalTrafficPolicy", "Cluster")
      PodDefaults.setDefault(&spec, "ipFamilies", ["IPv4"])
      PodDefaults.setDefault(&spec, "ipFamilyPolicy", "SingleStack")
    }
    PodDefaults.changeElements(of: &spec, "ports") { port in
      PodDefaults.setDefault(&port, "protocol", "TCP")
      if port["targetPort"] == nil || port["targetPort"] == "" || port["targetPort"] == 0 {
        port["targetPort"] = port["port"]
      }
    }
  }

  private static func assignAddress(
    _ service: inout KubeObject, _ old: KubeObject?, _ context: WriteContext
  ) async throws {
    guard var spec = service.spec else { return }
    let type = spec["type"]?.string ?? "ClusterIP"
    let wanted = spec["clusterIP"]?.string ?? ""
    let before = old?.spec?["clusterIP"]?.string ?? ""
    if type == "ExternalName" {
      spec["clusterIP"] = nil
      spec["clusterIPs"] = nil
      if !before.isEmpty { await context.serviceAddresses.release(service.key) }
    } else if wanted == "None" {
      spec["clusterIPs"] = ["None"]
    } else {
      // A client that does not name the address keeps the one that the service has.
      let requested = wanted.isEmpty ? (before == "None" ? "" : before) : wanted
      let address =
        requested == before && !before.isEmpty
        ? before
        : try await context.serviceAddresses.assign(service, requested: requested.isEmpty ? nil : requested)
      spec["clusterIP"] = .string(address)
      spec["clusterIPs"] = [.string(address)]
    }
    service.spec = spec
  }

  private static func validate(_ service: KubeObject) -> [KubeError.Cause] {
    guard let spec = service.spec else { return [KubeError.Cause.required("spec")] }
    let ports = spec["ports"]?.array ?? []
    var causes: [KubeError.Cause] = []
    let isHeadless = spec["clusterIP"] == "None"
    if ports.isEmpty, spec["type"] != "ExternalName", !isHeadless {
      causes.append(KubeError.Cause.required("spec.ports"))
    }
    var names: Set<String> = []
    for (index, port) in ports.enumerated() {
      let place = "spec.ports[\(index)]"
      let name = port["name"]?.string ?? ""
      if ports.count > 1 && name.isEmpty { causes.append(KubeError.Cause.required("\(place).name")) }
      if !name.isEmpty && !names.insert(name).inserted {
        causes.append(KubeError.Cause.duplicate("\(place).name", name))
      }
      if !name.isEmpty {
        causes += LabelSyntax.dnsLabelProblems(name).map { .invalid("\(place).name", name, $0) }
      }
      let number = port["port"]?.int ?? 0
      if let problem = PortSyntax.numberProblem(number) {
        causes.append(.invalid("\(place).port", number, problem))
      }
      causes += PodValidation.supported(port, "protocol", ["SCTP", "TCP", "UDP"], at: place)
      if let target = port["targetPort"], !target.isNull, target != "", target != 0 {
        causes += ProbeValidation.portCauses(target, at: "\(place).targetPort")
      }
    }
    return causes
  }
}
