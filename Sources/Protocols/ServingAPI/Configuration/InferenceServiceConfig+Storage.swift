extension InferenceServiceConfig {
  /// `storageInitializer`.
  public struct StorageInitializer: Sendable, Hashable {
    /// How a model that is a container image reaches the pod.
    public enum ImageMode: String, Sendable, Hashable, CaseIterable {
      /// A container of the image beside the server, which reads its files through `/proc`.
      case modelcar
      /// Kubernetes' own image volumes.
      case native
      /// Its layers are downloaded like other models.
      case fetch
    }

    public var image = "kserve/storage-initializer:latest"
    public var resources = ResourceDefaults(
      cpuRequest: "100m", cpuLimit: "1", memoryRequest: "100Mi", memoryLimit: "1Gi")
    /// `caBundleConfigMapName`: further certificate authorities; empty: none.
    public var authorityConfigMap = ""
    public var authorityMountPath = "/etc/ssl/custom-certs"
    /// `enableModelcar` or `enableOciModelSupport`.
    public var areImageModelsEnabled = true
    public var imageMode: ImageMode = .modelcar
    public var isInsecureRegistryAllowed = false
    public var modelcarCPU = "10m"
    public var modelcarMemory = "15Mi"
    public var modelcarUser: Int64? = 1010

    public init() {}
  }

  /// `credentials`: where storage finds its secrets, and their members' names.
  public struct Credentials: Sendable, Hashable {
    public var storageSecretName = "storage-config"
    public var secretNameAnnotation = ServingAnnotation.storageSecretName
    public var gcsFileName = "gcloud-application-credentials.json"
    public var s3 = S3()

    public init() {}
  }

  /// `credentials.s3`: names of a secret's members, and what holds where it says nothing.
  public struct S3: Sendable, Hashable {
    public var accessKeyName = "AWS_ACCESS_KEY_ID"
    public var secretKeyName = "AWS_SECRET_ACCESS_KEY"
    public var endpoint = ""
    public var useHTTPS = ""
    public var region = ""
    public var verifySSL = ""
    public var useVirtualBucket = ""
    public var useAccelerate = ""
    public var useAnonymousCredential = ""
    public var authorityConfigMap = ""
    public var authorityFile = ""

    public init() {}
  }

  /// `localModel`.
  public struct LocalModel: Sendable, Hashable {
    public var isEnabled = false
    public var jobNamespace = "kserve-localmodel-jobs"
    public var jobImage = "kserve/storage-initializer:latest"
    public var fileGroup: Int64?
    public var jobTimeToLiveSeconds: Int64? = 3600
    public var reconcileSeconds: Int64? = 60
    public var isVolumeManagementDisabled = false

    public init() {}
  }
}
