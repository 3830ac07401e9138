internal import Formats
internal import ServingAPI

/// `logger` and `batcher` of a component, which the model server itself does: told by variables that other
/// servers pass over.
extension PodAssembly {
  private static let authorityVolume = "logger-ca-bundle"
  private static let authorityFolder = "/etc/tls/logger"

  /// Joins requests. What the container already says goes first.
  func addBatching(to container: inout JSONValue) {
    guard let batcher = component.spec.batcher else { return }
    let settings = [
      ("APUS_SERVER_MAX_BATCHSIZE", batcher.maxBatchSize ?? configuration.batcher.maxBatchSize),
      (
        "APUS_SERVER_MAX_LATENCY",
        batcher.maxLatencyMilliseconds ?? configuration.batcher.maxLatencyMilliseconds
      ),
    ]
    for (name, value) in settings { container.setEnvironment(name, String(value), overwrite: false) }
  }

  /// Copies requests and answers to a sink.
  mutating func addLogging(to container: inout JSONValue) {
    guard let logger = component.spec.logger else { return }
    let url = logger.url ?? configuration.logger.defaultURL
    let settings: [(name: String, value: String)] = [
      ("URL", url), ("MODE", logger.mode.rawValue), ("INFERENCE_SERVICE", service.name),
      ("NAMESPACE", service.namespace), ("COMPONENT", component.kind.rawValue),
      ("METADATA_HEADERS", logger.metadataHeaders.joined(separator: ",")),
      ("ANNOTATIONS", annotationsText(logger)),
    ]
    for setting in settings where !setting.value.isEmpty {
      container.setEnvironment("APUS_LOG_\(setting.name)", setting.value, overwrite: false)
    }
    var variables = container["env"]?.array ?? []
    variables.append([
      "name": "APUS_LOG_SOURCE", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]],
    ])
    container["env"] = .array(variables)
    if url.hasPrefix("https:") { addAuthority(to: &container) }
  }

  private func annotationsText(_ logger: LoggerSpec) -> String {
    var found: JSONValue = [:]
    for name in logger.metadataAnnotations { found[name] = service.annotations[name].map { .string($0) } }
    return found.object?.isEmpty == false ? found.encodedText : ""
  }

  private mutating func addAuthority(to container: inout JSONValue) {
    let authority = configuration.logger.authorityConfigMap
    guard !authority.isEmpty else { return }
    volumes.append(["name": .string(Self.authorityVolume), "configMap": ["name": .string(authority)]])
    var mounts = container["volumeMounts"]?.array ?? []
    mounts.append([
      "name": .string(Self.authorityVolume), "mountPath": .string(Self.authorityFolder), "readOnly": true,
    ])
    container["volumeMounts"] = .array(mounts)
    container.setEnvironment(
      "APUS_LOG_CA_FILE", "\(Self.authorityFolder)/\(configuration.logger.authorityFile)", overwrite: false)
  }
}
