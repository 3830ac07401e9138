internal import Formats

extension InferenceServiceConfig {
  /// Decodes the ConfigMap's data. Unknown keys and members are left alone; an absent one keeps its default.
  /// - Throws: the first entry that is no JSON object or has a member of a wrong type or value.
  public init(data: [String: String], platform: Platform) throws(ConfigurationError) {
    self.init(platform: platform)
    try decodeDeploy(ConfigurationEntry("deploy", data))
    try decodeInferenceService(ConfigurationEntry("inferenceService", data))
    try decodeStorage(ConfigurationEntry("storageInitializer", data))
    try decodeCredentials(ConfigurationEntry("credentials", data))
    try decodeLocalModel(ConfigurationEntry("localModel", data))
    try decodeIngress(ConfigurationEntry("ingress", data))
    try decodeExplainers(ConfigurationEntry("explainers", data))
    try decodeLogger(ConfigurationEntry("logger", data))
    try decodeBatcher(ConfigurationEntry("batcher", data))
    try Self.decode(&agent, ConfigurationEntry("agent", data))
    try decodeRouter(ConfigurationEntry("router", data))
    try decodeMetrics(data)
    try decodeAutoscaling(data)
    try decodeFlags(data)
  }

  private mutating func decodeFlags(_ data: [String: String]) throws(ConfigurationError) {
    if let service = try ConfigurationEntry("service", data) {
      isServiceHeadless = try service.flag("serviceClusterIPNone") ?? false
    }
    // As upstream: an entry without the member turns the token mount off.
    if let security = try ConfigurationEntry("security", data) {
      automountsServiceAccountToken = try security.flag("autoMountServiceAccountToken") ?? false
    }
    if let nodes = try ConfigurationEntry("multiNode", data) {
      customGPUResourceTypes = try nodes.texts("customGPUResourceTypeList") ?? []
    }
    if let scheduler = try ConfigurationEntry("scheduler", data),
      let annotations = try scheduler.texts("expirationAnnotations"), !annotations.isEmpty
    {
      certificateExpirationAnnotations = annotations
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
    guard let rollout = try entry.entry("deploymentRolloutStrategy")?.entry("defaultRollout") else { return }
    for name in ["maxSurge", "maxUnavailable"] where try rollout.text(name)?.nonEmpty == nil {
      throw rollout.error(name, "it is required: a number or a percentage, as \"25%\"")
    }
    defaultRollout = rollout.json
  }

  private mutating func decodeInferenceService(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    notPropagatedAnnotations += try entry.texts("serviceAnnotationDisallowedList") ?? []
    notPropagatedLabels += try entry.texts("serviceLabelDisallowedList") ?? []
    guard let resource = try entry.entry("resource") else { return }
    resources = ResourceDefaults(cpuRequest: "", cpuLimit: "", memoryRequest: "", memoryLimit: "")
    try Self.decode(&resources, resource)
  }

  private mutating func decodeStorage(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    var decoded = StorageInitializer()
    decoded.image = try entry.text("image")?.nonEmpty ?? decoded.image
    try Self.decode(&decoded.resources, entry)
    decoded.authorityConfigMap = try entry.text("caBundleConfigMapName") ?? ""
    decoded.authorityMountPath =
      try entry.text("caBundleVolumeMountPath")?.nonEmpty ?? decoded.authorityMountPath
    let isModelcar = try entry.flag("enableModelcar")
    let isSupport = try entry.flag("enableOciModelSupport")
    if isModelcar != nil || isSupport != nil {
      decoded.areImageModelsEnabled = isModelcar == true || isSupport == true
    }
    decoded.imageMode = try entry.choice("ociModelMode", StorageInitializer.ImageMode.self) ?? .modelcar
    decoded.isInsecureRegistryAllowed = try entry.flag("ociInsecureRegistry") ?? false
    decoded.modelcarCPU = try entry.quantity("cpuModelcar")?.nonEmpty ?? decoded.modelcarCPU
    decoded.modelcarMemory = try entry.quantity("memoryModelcar")?.nonEmpty ?? decoded.modelcarMemory
    decoded.modelcarUser = try entry.integer("uidModelcar") ?? decoded.modelcarUser
    storageInitializer = decoded
  }

  private mutating func decodeCredentials(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    var decoded = Credentials()
    decoded.storageSecretName = try entry.text("storageSpecSecretName")?.nonEmpty ?? decoded.storageSecretName
    decoded.secretNameAnnotation =
      try entry.text("storageSecretNameAnnotation")?.nonEmpty ?? decoded.secretNameAnnotation
    if let gcs = try entry.entry("gcs") {
      decoded.gcsFileName = try gcs.text("gcsCredentialFileName")?.nonEmpty ?? decoded.gcsFileName
    }
    if let s3 = try entry.entry("s3") {
      decoded.s3.accessKeyName = try s3.text("s3AccessKeyIDName")?.nonEmpty ?? decoded.s3.accessKeyName
      decoded.s3.secretKeyName = try s3.text("s3SecretAccessKeyName")?.nonEmpty ?? decoded.s3.secretKeyName
      decoded.s3.endpoint = try s3.text("s3Endpoint") ?? ""
      decoded.s3.useHTTPS = try s3.text("s3UseHttps") ?? ""
      decoded.s3.region = try s3.text("s3Region") ?? ""
      decoded.s3.verifySSL = try s3.text("s3VerifySSL") ?? ""
      decoded.s3.useVirtualBucket = try s3.text("s3UseVirtualBucket") ?? ""
      decoded.s3.useAccelerate = try s3.text("s3UseAccelerate") ?? ""
      decoded.s3.useAnonymousCredential = try s3.text("s3UseAnonymousCredential") ?? ""
      decoded.s3.authorityConfigMap = try s3.text("s3CABundleConfigMap") ?? ""
      decoded.s3.authorityFile = try s3.text("s3CABundle") ?? ""
    }
    credentials = decoded
  }

  private mutating func decodeLocalModel(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    localModel.isEnabled = try entry.flag("enabled") ?? false
    localModel.jobNamespace = try entry.text("jobNamespace")?.nonEmpty ?? localModel.jobNamespace
    localModel.jobImage = try entry.text("defaultJobImage")?.nonEmpty ?? localModel.jobImage
    localModel.fileGroup = try entry.integer("fsGroup")
    localModel.jobTimeToLiveSeconds =
      try entry.integer("jobTTLSecondsAfterFinished") ?? localModel.jobTimeToLiveSeconds
    localModel.reconcileSeconds =
      try entry.integer("reconcilationFrequencyInSecs") ?? localModel.reconcileSeconds
    localModel.isVolumeManagementDisabled = try entry.flag("disableVolumeManagement") ?? false
    if localModel.isEnabled && !DNSName.isLabel(localModel.jobNamespace) {
      throw entry.error("jobNamespace", "\"\(localModel.jobNamespace)\" is no name of a namespace")
    }
  }

  /// The members `cpuRequest`, `cpuLimit`, `memoryRequest`, `memoryLimit` of an entry.
  static func decode(
    _ resources: inout ResourceDefaults, _ entry: ConfigurationEntry
  ) throws(ConfigurationError) {
    resources.cpuRequest = try entry.quantity("cpuRequest") ?? resources.cpuRequest
    resources.cpuLimit = try entry.quantity("cpuLimit") ?? resources.cpuLimit
    resources.memoryRequest = try entry.quantity("memoryRequest") ?? resources.memoryRequest
    resources.memoryLimit = try entry.quantity("memoryLimit") ?? resources.memoryLimit
  }
}
