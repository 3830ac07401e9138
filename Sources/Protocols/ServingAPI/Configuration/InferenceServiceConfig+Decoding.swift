internal import Basics
internal import Formats

extension InferenceServiceConfig {
  /// Decodes the ConfigMap's data. Unknown keys and members are left alone; an absent one keeps its default.
  /// - Throws: the first entry that is no JSON object or has a member of a wrong type or value.
  public init(data: [String: String], platform: Platform) throws(ConfigurationError) {
    self.init(platform: platform)
    try decodeDeploy(ConfigurationEntry("deploy", data))
    try decodeInferenceService(ConfigurationEntry("inferenceService", data))
    try decodeStorage(ConfigurationEntry("storageInitializer", data))
    try decodeIngress(ConfigurationEntry("ingress", data))
    if let service = try ConfigurationEntry("service", data) {
      isServiceHeadless = try service.flag("serviceClusterIPNone") ?? false
    }
    // As upstream: an entry without the member turns the token mount off.
    if let security = try ConfigurationEntry("security", data) {
      automountsServiceAccountToken = try security.flag("autoMountServiceAccountToken") ?? false
    }
    // Entries that later parts read must be JSON now: a typing error shows when it is made.
    for key in [
      "explainers", "credentials", "logger", "batcher", "agent", "router", "metricsAggregator", "localModel",
    ] {
      _ = try ConfigurationEntry(key, data)
    }
  }

  private mutating func decodeDeploy(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    if let name = try entry.text("defaultDeploymentMode") {
      guard let mode = DeploymentMode(name: name) else {
        throw entry.error("defaultDeploymentMode", "\"\(name)\" is none of Standard, Knative, ModelMesh")
      }
      defaultDeploymentMode = mode
    }
    defaultRollout = entry.json.at("deploymentRolloutStrategy", "defaultRollout")
  }

  private mutating func decodeInferenceService(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    notPropagatedAnnotations += try entry.texts("serviceAnnotationDisallowedList") ?? []
    notPropagatedLabels += try entry.texts("serviceLabelDisallowedList") ?? []
    guard let resource = try entry.entry("resource") else { return }
    resources = ResourceDefaults(
      cpuRequest: try resource.text("cpuRequest") ?? "", cpuLimit: try resource.text("cpuLimit") ?? "",
      memoryRequest: try resource.text("memoryRequest") ?? "",
      memoryLimit: try resource.text("memoryLimit") ?? "")
  }

  private mutating func decodeStorage(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    var decoded = StorageInitializer()
    decoded.image = try entry.text("image") ?? decoded.image
    decoded.resources.cpuRequest = try entry.text("cpuRequest") ?? decoded.resources.cpuRequest
    decoded.resources.cpuLimit = try entry.text("cpuLimit") ?? decoded.resources.cpuLimit
    decoded.resources.memoryRequest = try entry.text("memoryRequest") ?? decoded.resources.memoryRequest
    decoded.resources.memoryLimit = try entry.text("memoryLimit") ?? decoded.resources.memoryLimit
    decoded.authorityConfigMap = try entry.text("caBundleConfigMapName") ?? ""
    decoded.authorityMountPath = try entry.text("caBundleVolumeMountPath") ?? decoded.authorityMountPath
    if let mode = try entry.text("ociModelMode"), !mode.isEmpty {
      guard ["modelcar", "native", "fetch"].contains(mode) else {
        throw entry.error("ociModelMode", "\"\(mode)\" is none of modelcar, native, fetch")
      }
      decoded.ociModelMode = mode
    }
    storageInitializer = decoded
  }

  private mutating func decodeIngress(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    var decoded = Ingress(domain: platform.ingressDomain)
    decoded.isGatewayAPIEnabled = try entry.flag("enableGatewayApi") ?? true
    if let gateway = try entry.text("kserveIngressGateway"), !gateway.isEmpty {
      let parts = gateway.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ DNSName.isLabel($0) }) else {
        throw entry.error("kserveIngressGateway", "\"\(gateway)\" is not <namespace>/<name>")
      }
      decoded.gatewayNamespace = String(parts[0])
      decoded.gatewayName = String(parts[1])
    }
    decoded.domain = try entry.text("ingressDomain")?.nonEmpty ?? platform.ingressDomain
    decoded.additionalDomains = try entry.texts("additionalIngressDomains") ?? []
    decoded.domainTemplate = DomainTemplate(
      try entry.text("domainTemplate")?.nonEmpty ?? DomainTemplate.standard)
    decoded.urlScheme = try entry.text("urlScheme")?.nonEmpty ?? "http"
    guard ["http", "https"].contains(decoded.urlScheme) else {
      throw entry.error("urlScheme", "\"\(decoded.urlScheme)\" is neither http nor https")
    }
    decoded.pathTemplate = try entry.text("pathTemplate") ?? ""
    decoded.isCreationDisabled = try entry.flag("disableIngressCreation") ?? false
    decoded.isRouteTimeoutDisabled = try entry.flag("disableHTTPRouteTimeout") ?? false
    if let problem = decoded.domainTemplate.problem {
      throw entry.error("domainTemplate", problem.description)
    }
    ingress = decoded
  }
}

/// One entry of the ConfigMap, or an object inside one, with typed access to its members.
struct ConfigurationEntry {
  let key: String
  let json: JSONValue

  private init(key: String, json: JSONValue) {
    self.key = key
    self.json = json
  }

  /// Nil where the ConfigMap has no such key.
  init?(_ key: String, _ data: [String: String]) throws(ConfigurationError) {
    guard let text = data[key] else { return nil }
    do throws(JSONError) {
      json = try JSONValue(parsing: text, limits: JSONLimits(depth: 32, bytes: ByteCount.mebibyte))
    } catch {
      throw ConfigurationError(key: key, cause: error.description)
    }
    guard json.object != nil else {
      throw ConfigurationError(key: key, cause: "a JSON object is expected, not \(json.typeName)")
    }
    self.key = key
  }

  func text(_ name: String) throws(ConfigurationError) -> String? {
    switch json[name] {
    case nil, .null: return nil
    case .string(let text): return text
    case .some(let other): throw error(name, "a string is expected, not \(other.typeName)")
    }
  }

  /// Takes `"true"` and `"false"` too: some of upstream's flags are strings.
  func flag(_ name: String) throws(ConfigurationError) -> Bool? {
    switch json[name] {
    case nil, .null: return nil
    case .bool(let flag): return flag
    case .string("true"): return true
    case .string("false"): return false
    case .some(let other): throw error(name, "a boolean is expected, not \(other.typeName)")
    }
  }

  func texts(_ name: String) throws(ConfigurationError) -> [String]? {
    guard let value = json[name], !value.isNull else { return nil }
    guard let elements = value.array else { throw error(name, "an array is expected, not \(value.typeName)") }
    var texts: [String] = []
    for element in elements {
      guard let text = element.string else { throw error(name, "an array of strings is expected") }
      texts.append(text)
    }
    return texts
  }

  func entry(_ name: String) throws(ConfigurationError) -> ConfigurationEntry? {
    guard let value = json[name], !value.isNull else { return nil }
    guard value.object != nil else { throw error(name, "an object is expected, not \(value.typeName)") }
    return ConfigurationEntry(key: "\(key).\(name)", json: value)
  }

  func error(_ name: String, _ cause: String) -> ConfigurationError {
    ConfigurationError(key: "\(key).\(name)", cause: cause)
  }
}
