internal import Formats
internal import KubeProtocol

/// The defaults that upstream writes into pods and pod templates.
enum PodDefaults {
  static func apply(toPodSpec spec: inout JSONValue) {
    guard spec.object != nil else { return }
    setDefault(&spec, "restartPolicy", "Always")
    setDefault(&spec, "terminationGracePeriodSeconds", 30)
    setDefault(&spec, "dnsPolicy", "ClusterFirst")
    setDefault(&spec, "securityContext", [:])
    setDefault(&spec, "schedulerName", "default-scheduler")
    if let account = spec["serviceAccountName"]?.string, !account.isEmpty {
      setDefault(&spec, "serviceAccount", .string(account))
    } else if let account = spec["serviceAccount"]?.string, !account.isEmpty {
      spec["serviceAccountName"] = .string(account)
    }
    for field in ["initContainers", "containers", "ephemeralContainers"] {
      changeElements(of: &spec, field, apply(toContainer:))
    }
    changeElements(of: &spec, "volumes", apply(toVolume:))
  }

  static func apply(toContainer container: inout JSONValue) {
    setDefault(&container, "terminationMessagePath", "/dev/termination-log")
    setDefault(&container, "terminationMessagePolicy", "File")
    if container["imagePullPolicy"] == nil, let image = container["image"]?.string {
      container["imagePullPolicy"] = hasMovingTag(image) ? "Always" : "IfNotPresent"
    }
    setDefault(&container, "resources", [:])
    writeQuantitiesAsText(&container)
    requestLimits(&container)
    changeElements(of: &container, "ports") { setDefault(&$0, "protocol", "TCP") }
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
      change(&container, field, apply(toProbe:))
    }
    change(&container, "lifecycle") { lifecycle in
      for field in ["postStart", "preStop"] { change(&lifecycle, field, apply(toHandler:)) }
    }
    changeElements(of: &container, "env") { variable in
      change(&variable, "valueFrom") { source in
        change(&source, "fieldRef") { setDefault(&$0, "apiVersion", "v1") }
        change(&source, "resourceFieldRef") { setDefault(&$0, "divisor", "0") }
      }
    }
  }

  /// `latest`, or neither tag nor digest.
  static func hasMovingTag(_ image: String) -> Bool {
    if image.contains("@") { return false }
    let name = image.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard let colon = name.lastIndex(of: ":") else { return true }
    return name[name.index(after: colon)...] == "latest"
  }

  /// `cpu: 0.5` is a number in YAML and a text from here on, as upstream stores it.
  private static func writeQuantitiesAsText(_ container: inout JSONValue) {
    change(&container, "resources") { resources in
      for field in ["limits", "requests"] {
        change(&resources, field) { amounts in
          for (name, amount) in amounts.object ?? [:] {
            if case .number(let number) = amount { amounts[name] = .string(number.text) }
          }
        }
      }
    }
  }

  /// Upstream: what is limited and not requested is requested.
  private static func requestLimits(_ container: inout JSONValue) {
    guard let limits = container.at("resources", "limits")?.object, !limits.isEmpty else { return }
    var requests = container.at("resources", "requests") ?? [:]
    for (name, amount) in limits.members where requests[name] == nil { requests[name] = amount }
    container.set(requests, at: "resources", "requests")
  }

  private static func apply(toProbe probe: inout JSONValue) {
    // Upstream cannot tell a zero from a number that is not given.
    for (field, value) in [
      ("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3),
    ] as [(String, JSONValue)] {
      if probe[field]?.int == 0 { probe[field] = nil }
      setDefault(&probe, field, value)
    }
    apply(toHandler: &probe)
    change(&probe, "grpc") { setDefault(&$0, "service", "") }
  }

  private static func apply(toHandler handler: inout JSONValue) {
    change(&handler, "httpGet") { action in
      setDefault(&action, "path", "/")
      setDefault(&action, "scheme", "HTTP")
    }
  }

  private static func apply(toVolume volume: inout JSONValue) {
    if volume.object?.count == 1 { volume["emptyDir"] = [:] }
    for field in ["secret", "configMap", "downwardAPI", "projected"] {
      change(&volume, field) { setDefault(&$0, "defaultMode", 420) }
    }
    change(&volume, "hostPath") { setDefault(&$0, "type", "") }
    change(&volume, "downwardAPI", apply(toDownwardItems:))
    change(&volume, "projected") { projected in
      changeElements(of: &projected, "sources") { source in
        change(&source, "serviceAccountToken") { setDefault(&$0, "expirationSeconds", 3600) }
        change(&source, "downwardAPI", apply(toDownwardItems:))
      }
    }
  }

  private static func apply(toDownwardItems source: inout JSONValue) {
    changeElements(of: &source, "items") { item in
      change(&item, "fieldRef") { setDefault(&$0, "apiVersion", "v1") }
    }
  }

  // MARK: small steps

  static func setDefault(_ value: inout JSONValue, _ key: String, _ defaultValue: JSONValue) {
    if value.object != nil, value[key] == nil || value[key] == .null { value[key] = defaultValue }
  }

  static func change(_ value: inout JSONValue, _ key: String, _ body: (inout JSONValue) -> Void) {
    guard var member = value[key], member.object != nil else { return }
    value[key] = JSONValue.null
    body(&member)
    value[key] = member
  }

  static func changeElements(of value: inout JSONValue, _ key: String, _ body: (inout JSONValue) -> Void) {
    guard case .array(var elements)? = value[key] else { return }
    value[key] = JSONValue.null
    for index in elements.indices where elements[index].object != nil { body(&elements[index]) }
    value[key] = .array(elements)
  }
}
