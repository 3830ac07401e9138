internal import Formats
public import KubeProtocol
public import ServingAPI

/// Why the configuration as it stands is not in force.
public enum ConfigurationCause {
  public static func make(_ error: ConfigurationError) -> FailureCause {
    FailureCause(
      .invalidConfiguration, value: error.key,
      "the key \"\(error.key)\" of ConfigMap \(ServingPlatform.namespace)/\(ServingPlatform.configMap) "
        + "cannot be used: \(error.cause); the last good configuration stays in force",
      fix: "correct the key: `kubectl edit configmap -n \(ServingPlatform.namespace) "
        + "\(ServingPlatform.configMap)`")
  }
}

extension Explanation {
  /// Of the ConfigMap that all services share; nil for one that is not there, where defaults hold.
  public init(configMap: KubeObject?, name: String, namespace: String) {
    self.name = name
    self.namespace = namespace
    isReady = true
    let platform = InferenceServiceConfig.Platform(ingressDomain: "localhost", gatewayPort: 80)
    do throws(ConfigurationError) {
      _ = try InferenceServiceConfig(data: KubeObject.stringMap(configMap?["data"]), platform: platform)
      cause = nil
      chain = [Link(0, "ConfigMap", name, .good, configMap == nil ? "absent: defaults hold" : "in force")]
    } catch {
      cause = ConfigurationCause.make(error)
      isReady = false
      chain = [Link(0, "ConfigMap", name, .failed, error.description)]
    }
  }
}
