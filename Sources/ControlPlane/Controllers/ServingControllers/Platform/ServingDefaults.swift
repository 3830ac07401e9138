internal import ControllerKit
internal import Formats
public import KubeClient
public import KubeProtocol
public import ServingAPI

/// The objects that every installation starts with.
public enum ServingDefaults {
  /// In the order in which they must be made: namespace, gateway, configuration, storage, runtimes.
  ///
  /// `isSeed` marks what belongs to the user once it is there (the ConfigMap, the storage container): it is
  /// made where it is missing, never overwritten. The rest is brought up to date at each start.
  public static func objects(
    platform: InferenceServiceConfig.Platform
  ) -> [(resource: KubeResource, object: KubeObject, isSeed: Bool)] {
    [
      (.namespaces, KubeObject(.namespaces, name: ServingPlatform.namespace), true),
      (.gatewayClasses, gatewayClass, false),
      (.gateways, gateway, false),
      (.configMaps, configMap(platform), true),
      (.clusterStorageContainers, storageContainer(InferenceServiceConfig(platform: platform)), true),
    ] + BuiltInRuntimes.all.map { (.clusterServingRuntimes, $0, false) }
  }

  /// Makes what is missing and brings the rest up to date; safe to repeat, and to run beside a live control
  /// plane.
  public static func install(client: KubeClient, platform: InferenceServiceConfig.Platform) async throws {
    let writer = ObjectWriter(client)
    for entry in objects(platform: platform) {
      let existing = try await client.find(
        entry.resource, namespace: entry.object.namespace, name: entry.object.name)
      if entry.isSeed && existing != nil { continue }
      try await writer.apply(entry.resource, desired: entry.object, existing: existing)
    }
  }

  static var gatewayClass: KubeObject {
    var object = KubeObject(.gatewayClasses, name: ServingPlatform.gatewayClass)
    object.spec = ["controllerName": .string(ServingPlatform.gatewayController)]
    return object
  }

  static var gateway: KubeObject {
    var object = KubeObject(.gateways, namespace: ServingPlatform.namespace, name: ServingPlatform.gateway)
    object.spec = [
      "gatewayClassName": .string(ServingPlatform.gatewayClass),
      "listeners": [
        [
          "name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": ["namespaces": ["from": "All"]],
        ]
      ],
    ]
    return object
  }

  /// The program that fetches models of every URI that upstream's fetches.
  static func storageContainer(_ configuration: InferenceServiceConfig) -> KubeObject {
    var object = KubeObject(.clusterStorageContainers, name: "default")
    let prefixes = ["gs://", "s3://", "hdfs://", "hf://", "modelscope://", "webhdfs://"]
    let patterns = [
      "https://(.+?).blob.core.windows.net/(.+)", "https://(.+?).file.core.windows.net/(.+)",
      "https?://(.+)/(.+)",
    ]
    let initializer = configuration.storageInitializer
    object.spec = [
      "container": [
        "name": .string(ServingPod.storageInitializer), "image": .string(initializer.image),
        "imagePullPolicy": "IfNotPresent", "resources": initializer.resources.json,
      ],
      "supportedUriFormats": .array(
        prefixes.map { ["prefix": .string($0)] } + patterns.map { ["regex": .string($0)] }),
      "workloadType": "initContainer", "supportsMultiModelDownload": true,
    ]
    return object
  }

  /// Upstream's keys with Apus's defaults, to be read and edited by people. `ingressDomain` is left out:
  /// without it the platform's holds, which may be another at the next start.
  static func configMap(_ platform: InferenceServiceConfig.Platform) -> KubeObject {
    var object = KubeObject(
      .configMaps, namespace: ServingPlatform.namespace, name: ServingPlatform.configMap)
    object["data"] = .object(
      JSONObject(
        DefaultConfiguration.entries(platform).map { ($0.key, .string($0.value.prettyText())) }))
    return object
  }
}
