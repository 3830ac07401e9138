/// Why a service does not serve: the closed list. The raw value is what machines read, in
/// `apus why -o json`, in conditions' reasons and in the sentence that a program leaves at its end.
/// `docs/failure-codes.md` is this list as a table.
public enum FailureCode: String, Sendable, Hashable, CaseIterable {
  // The manifest, before anything is made of it.
  case nameTooLong = "NameTooLong"
  case invalidSpec = "InvalidSpec"
  case unsupportedMode = "UnsupportedMode"
  case invalidConfiguration = "InvalidConfiguration"
  // The runtime.
  case runtimeNotRecognized = "RuntimeNotRecognized"
  case runtimeDisabled = "RuntimeDisabled"
  case noSupportingRuntime = "NoSupportingRuntime"
  case protocolNotSupported = "ProtocolNotSupported"
  case invalidRuntime = "InvalidRuntime"
  // What the cluster refuses.
  case quotaExceeded = "QuotaExceeded"
  case notAllowed = "NotAllowed"
  case progressDeadlineExceeded = "ProgressDeadlineExceeded"
  // The pod, before its programs run.
  case unschedulable = "Unschedulable"
  case claimMissing = "ClaimMissing"
  case secretMissing = "SecretMissing"
  case secretKeyMissing = "SecretKeyMissing"
  case configMapMissing = "ConfigMapMissing"
  case configMapKeyMissing = "ConfigMapKeyMissing"
  case volumeFailed = "VolumeFailed"
  case imageNotRunnable = "ImageNotRunnable"
  case cannotStart = "CannotStart"
  case evicted = "Evicted"
  // Fetching the model.
  case unsupportedScheme = "UnsupportedScheme"
  case badSource = "BadSource"
  case sourceNotFound = "SourceNotFound"
  case accessDenied = "AccessDenied"
  case downloadFailed = "DownloadFailed"
  case diskFull = "DiskFull"
  case destinationUnwritable = "DestinationUnwritable"
  case checksumMismatch = "ChecksumMismatch"
  case badArchive = "BadArchive"
  // Loading the model.
  case modelMissing = "ModelMissing"
  case severalModels = "SeveralModels"
  case unreadable = "Unreadable"
  case corrupt = "Corrupt"
  case unsafeContent = "UnsafeContent"
  case unsupportedEstimator = "UnsupportedEstimator"
  case unsupportedVersion = "UnsupportedVersion"
  case unknownFramework = "UnknownFramework"
  case tooLarge = "TooLarge"
  case wrongFormat = "WrongFormat"
  // The running program.
  case crashAtStart = "CrashAtStart"
  case crashLater = "CrashLater"
  case outOfMemory = "OutOfMemory"
  case portTaken = "PortTaken"
  case cannotListen = "CannotListen"
  case probeFailing = "ProbeFailing"
  // Revisions, components and routes.
  case canaryNotReady = "CanaryNotReady"
  case transformerUnreachable = "TransformerUnreachable"
  case routeNotAccepted = "RouteNotAccepted"
  case noEndpoint = "NoEndpoint"
  // No failure known: time will tell.
  case notReadyYet = "NotReadyYet"
  /// Written by a version that knows more codes than this one.
  case unknown = "Unknown"

  /// From a condition's reason or a program's sentence; takes the words of nodes and of earlier releases too.
  public init?(reason: String) {
    if let code = FailureCode(rawValue: reason) {
      self = code
      return
    }
    switch reason {
    case "InvalidPredictorSpec": self = .invalidSpec
    case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull": self = .imageNotRunnable
    case "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError":
      self = .cannotStart
    case "OOMKilled": self = .outOfMemory
    case "FailedMount", "PodNotPrepared", "FailedAttachVolume": self = .volumeFailed
    default: return nil
    }
  }
}
