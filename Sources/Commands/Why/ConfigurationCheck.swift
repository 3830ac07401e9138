internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI
internal import ServingControllers

/// Whether the ConfigMap that all services share can be used as it stands.
enum ConfigurationCheck {
  static func explain(_ client: KubeClient) async throws -> Explanation {
    let (namespace, name) = (ServingPlatform.namespace, ServingPlatform.configMap)
    let configMap = try await client.find(.configMaps, namespace: namespace, name: name)
    return Explanation(configMap: configMap, name: name, namespace: namespace)
  }
}
