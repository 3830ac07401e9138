public import Formats

/// The entries of `inferenceservice-config` as they are when nobody has edited them: upstream's keys and
/// members, with what holds here.
public enum DefaultConfiguration {
  public static func entries(
    _ platform: InferenceServiceConfig.Platform
  ) -> [(key: String, value: JSONValue)] {
    let configuration = InferenceServiceConfig(platform: platform)
    return general(configuration) + storage(configuration) + sidecars(configuration)
  }

  private static func general(_ configuration: InferenceServiceConfig) -> [(key: String, value: JSONValue)] {
    let ingress = configuration.ingress
    return [
      ("deploy", ["defaultDeploymentMode": .string(configuration.defaultDeploymentMode.rawValue)]),
      (
        "ingress",
        [
          "enableGatewayApi": true,
          "kserveIngressGateway": .string("\(ingress.gatewayNamespace)/\(ingress.gatewayName)"),
          "domainTemplate": .string(ingress.domainTemplate.text), "urlScheme": .string(ingress.urlScheme),
          "disableIngressCreation": false, "disableHTTPRouteTimeout": false,
        ]
      ),
      ("inferenceService", ["resource": resources(configuration.resources)]),
      ("security", ["autoMountServiceAccountToken": true]),
      ("service", ["serviceClusterIPNone": false]),
      ("multiNode", ["customGPUResourceTypeList": []]),
    ]
  }

  private static func storage(_ configuration: InferenceServiceConfig) -> [(key: String, value: JSONValue)] {
    let initializer = configuration.storageInitializer
    let credentials = configuration.credentials
    let models = configuration.localModel
    return [
      (
        "storageInitializer",
        sidecar(
          initializer.image, initializer.resources,
          [
            "caBundleConfigMapName": "", "caBundleVolumeMountPath": .string(initializer.authorityMountPath),
            "enableModelcar": true, "cpuModelcar": .string(initializer.modelcarCPU),
            "memoryModelcar": .string(initializer.modelcarMemory),
          ])
      ),
      (
        "credentials",
        [
          "storageSpecSecretName": .string(credentials.storageSecretName),
          "storageSecretNameAnnotation": .string(credentials.secretNameAnnotation),
          "gcs": ["gcsCredentialFileName": .string(credentials.gcsFileName)],
          "s3": [
            "s3AccessKeyIDName": .string(credentials.s3.accessKeyName),
            "s3SecretAccessKeyName": .string(credentials.s3.secretKeyName), "s3Endpoint": "",
            "s3UseHttps": "", "s3Region": "", "s3VerifySSL": "", "s3UseVirtualBucket": "",
            "s3UseAccelerate": "", "s3UseAnonymousCredential": "", "s3CABundleConfigMap": "",
            "s3CABundle": "",
          ],
        ]
      ),
      (
        "localModel",
        [
          "enabled": .bool(models.isEnabled), "jobNamespace": .string(models.jobNamespace),
          "defaultJobImage": .string(models.jobImage), "disableVolumeManagement": false,
        ]
      ),
    ]
  }

  private static func sidecars(_ configuration: InferenceServiceConfig) -> [(key: String, value: JSONValue)] {
    let logger = configuration.logger
    let batcher = configuration.batcher
    let router = configuration.router
    let agent = configuration.agent
    return [
      (
        "explainers",
        [
          "art": [
            "image": .string(configuration.explainers.artImage),
            "defaultImageVersion": .string(configuration.explainers.artVersion),
          ]
        ]
      ),
      (
        "logger",
        sidecar(
          logger.sidecar.image, logger.sidecar.resources, ["defaultUrl": .string(logger.defaultURL)])
      ),
      (
        "batcher",
        sidecar(
          batcher.sidecar.image, batcher.sidecar.resources,
          [
            "maxBatchSize": .string(String(batcher.maxBatchSize)),
            "maxLatency": .string(String(batcher.maxLatencyMilliseconds)),
          ])
      ),
      ("agent", sidecar(agent.image, agent.resources, [:])),
      (
        "router",
        sidecar(
          router.sidecar.image, router.sidecar.resources,
          ["imagePullPolicy": .string(router.imagePullPolicy)])
      ),
      (
        "metricsAggregator", ["enableMetricAggregation": "false", "enablePrometheusScraping": "false"]
      ),
    ]
  }

  private static func resources(_ resources: ResourceDefaults) -> JSONValue {
    [
      "cpuLimit": .string(resources.cpuLimit), "memoryLimit": .string(resources.memoryLimit),
      "cpuRequest": .string(resources.cpuRequest), "memoryRequest": .string(resources.memoryRequest),
    ]
  }

  private static func sidecar(
    _ image: String, _ resources: ResourceDefaults, _ further: JSONValue
  ) -> JSONValue {
    var entry: JSONValue = ["image": .string(image)]
    for member in Self.resources(resources).object?.members ?? [] { entry[member.key] = member.value }
    for member in further.object?.members ?? [] { entry[member.key] = member.value }
    return entry
  }
}
