/// One row of the documented list.
public struct FailureCodeEntry: Sendable, Hashable {
  /// `modelStatus.lastFailureInfo.reason`, of upstream's own list.
  public var reason: String
  /// What a program of Apus ends with; nil where no program tells it.
  public var exitCode: Int32?
  /// What `value` is.
  public var value: String
  public var meaning: String
  /// The general fix, where nobody knows a better one: an imperative without full stop.
  public var fix: String

  fileprivate init(
    _ reason: String, _ exitCode: Int32? = nil, value: String, _ meaning: String, fix: String
  ) {
    self.reason = reason
    self.exitCode = exitCode
    self.value = value
    self.meaning = meaning
    self.fix = fix
  }
}

extension FailureCode {
  public var entry: FailureCodeEntry {
    specEntry ?? podEntry ?? storageEntry ?? modelEntry ?? programEntry
      ?? FailureCodeEntry(
        "RuntimeUnhealthy", value: "none", "a cause that this version does not know",
        fix: "look at the messages of the chain")
  }

  private var specEntry: FailureCodeEntry? {
    switch self {
    case .nameTooLong:
      FailureCodeEntry(
        "InvalidPredictorSpec", value: "the name", "a name of the service or of a child is too long",
        fix: "choose a shorter metadata.name")
    case .invalidSpec:
      FailureCodeEntry(
        "InvalidPredictorSpec", value: "the field", "the manifest cannot be deployed as it stands",
        fix: "correct the field and apply the manifest again")
    case .unsupportedMode:
      FailureCodeEntry(
        "InvalidPredictorSpec", value: "the mode", "the deployment mode needs a system that is not there",
        fix: "remove the annotation serving.kserve.io/deploymentMode and create the service anew")
    case .invalidConfiguration:
      FailureCodeEntry(
        "InvalidPredictorSpec", value: "the key", "the ConfigMap inferenceservice-config cannot be used",
        fix: "correct the key in ConfigMap kserve/inferenceservice-config")
    case .runtimeNotRecognized:
      FailureCodeEntry(
        "RuntimeNotRecognized", value: "the name", "no runtime of the name that the service asks for",
        fix: "name an installed runtime in spec.predictor.model.runtime, or leave it out")
    case .runtimeDisabled:
      FailureCodeEntry(
        "RuntimeDisabled", value: "the name", "the runtime that the service asks for is disabled",
        fix: "set the runtime's spec.disabled to false, or name another one")
    case .noSupportingRuntime:
      FailureCodeEntry(
        "NoSupportingRuntime", value: "the format", "no runtime serves the model's format",
        fix: "change spec.predictor.model.modelFormat, or create a ServingRuntime for the format")
    case .protocolNotSupported:
      FailureCodeEntry(
        "NoSupportingRuntime", value: "the protocol", "the runtime does not speak the protocol asked for",
        fix: "change spec.predictor.model.protocolVersion or the runtime")
    case .invalidRuntime:
      FailureCodeEntry(
        "InvalidPredictorSpec", value: "the runtime", "the runtime's pod template cannot be used",
        fix: "correct the containers of the runtime")
    case .quotaExceeded:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the quota", "a ResourceQuota leaves no room for the pods",
        fix: "raise the quota, ask for less, or delete what is not needed")
    case .notAllowed:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the object", "the API refuses an object that the service needs",
        fix: "correct what the message names; the write is tried again")
    case .progressDeadlineExceeded:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the Deployment", "the pods were not ready within the deadline",
        fix: "look at the pods of the chain")
    default: nil
    }
  }

  private var podEntry: FailureCodeEntry? {
    switch self {
    case .unschedulable:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the pod", "no node takes the pod",
        fix: "ask for less in resources.requests, or add a node that has it")
    case .claimMissing:
      FailureCodeEntry(
        "ModelLoadFailed", value: "the claim", "a PersistentVolumeClaim does not exist",
        fix: "create the claim in the service's namespace, or correct its name in the storage URI")
    case .secretMissing:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the Secret", "a Secret that the pod names does not exist",
        fix: "create the Secret in the service's namespace, or correct its name")
    case .secretKeyMissing:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the key", "a Secret has no such key",
        fix: "add the key to the Secret, or correct the key's name in the service")
    case .configMapMissing:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the ConfigMap", "a ConfigMap that the pod names does not exist",
        fix: "create the ConfigMap in the service's namespace, or correct its name")
    case .configMapKeyMissing:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the key", "a ConfigMap has no such key",
        fix: "add the key to the ConfigMap, or correct the key's name in the service")
    case .volumeFailed:
      FailureCodeEntry(
        "ModelLoadFailed", value: "the volume or pod", "a volume of the pod cannot be made",
        fix: "correct the volume that the message names")
    case .imageNotRunnable:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the image", "the image cannot be had, or cannot run on this node",
        fix: "correct the image's name, or give the container a command that exists on this machine")
    case .cannotStart:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the container", "a container cannot be started",
        fix: "correct the container's command, variables and mounts")
    case .evicted:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the reason", "the node has ended the pod",
        fix: "make room on the node, or ask for the resources that the pod needs")
    default: nil
    }
  }

  private var storageEntry: FailureCodeEntry? {
    switch self {
    case .unsupportedScheme:
      FailureCodeEntry(
        "ModelLoadFailed", 60, value: "the URI", "no storage scheme for the URI",
        fix: "use a local path, file://, pvc://, gs://, s3://, http:// or https://")
    case .badSource:
      FailureCodeEntry(
        "ModelLoadFailed", 61, value: "the URI",
        "the URI is malformed, or what lies there is not acceptable",
        fix: "correct the storage URI of the service")
    case .sourceNotFound:
      FailureCodeEntry(
        "ModelLoadFailed", 62, value: "the URI", "nothing at the URI",
        fix: "check the storage URI for typing errors, and that the model was uploaded")
    case .accessDenied:
      FailureCodeEntry(
        "ModelLoadFailed", 63, value: "the URI", "the store wants credentials or refuses them",
        fix: "give the service's ServiceAccount a Secret with credentials that may read it")
    case .downloadFailed:
      FailureCodeEntry(
        "ModelLoadFailed", 64, value: "the URI", "the transfer failed",
        fix: "check the address and this machine's network; the download is tried again")
    case .diskFull:
      FailureCodeEntry(
        "ModelLoadFailed", 65, value: "the path", "no space left on the volume",
        fix: "free disk space or choose another volume")
    case .destinationUnwritable:
      FailureCodeEntry(
        "ModelLoadFailed", 66, value: "the path", "the volume cannot be written",
        fix: "check the volume's permissions")
    case .checksumMismatch:
      FailureCodeEntry(
        "ModelLoadFailed", 67, value: "the URI", "the bytes are not those that the checksum names",
        fix: "upload the file again, or correct the checksum")
    case .badArchive:
      FailureCodeEntry(
        "ModelLoadFailed", 68, value: "the URI", "the archive is damaged, or not acceptable",
        fix: "make the archive anew and upload it again")
    default: nil
    }
  }

  private var modelEntry: FailureCodeEntry? {
    switch self {
    case .modelMissing:
      FailureCodeEntry(
        "ModelLoadFailed", 40, value: "the model's URI", "no model file in the model folder",
        fix: "put the model's file at the top of the folder that the storage URI names")
    case .severalModels:
      FailureCodeEntry(
        "ModelLoadFailed", 41, value: "the model's URI", "more than one file could be the model",
        fix: "leave one model file in the folder that the storage URI names")
    case .unreadable:
      FailureCodeEntry(
        "ModelLoadFailed", 42, value: "the model's URI", "the file cannot be read",
        fix: "check the permissions of the file")
    case .corrupt:
      FailureCodeEntry(
        "ModelLoadFailed", 43, value: "the model's URI", "the file is damaged or cut off",
        fix: "save the model again and upload it again")
    case .unsafeContent:
      FailureCodeEntry(
        "ModelLoadFailed", 44, value: "the name", "the file asks for code outside the closed list",
        fix: "save only the fitted estimator")
    case .unsupportedEstimator:
      FailureCodeEntry(
        "ModelLoadFailed", 45, value: "the estimator", "an estimator that is not served natively",
        fix: "serve it with a runtime that runs Python")
    case .unsupportedVersion:
      FailureCodeEntry(
        "ModelLoadFailed", 46, value: "the model's URI", "a file format or library version that is not known",
        fix: "save the model with a version that docs/scikit-learn.md names")
    case .unknownFramework:
      FailureCodeEntry(
        "ModelLoadFailed", 47, value: "the framework", "no runtime for the framework",
        fix: "choose a framework that the message names")
    case .tooLarge:
      FailureCodeEntry(
        "ModelLoadFailed", 48, value: "the model's URI",
        "the file, or what it unpacks to, exceeds the limits",
        fix: "save only the fitted model, uncompressed")
    case .wrongFormat:
      FailureCodeEntry(
        "ModelLoadFailed", 49, value: "the format", "the model is of another format than the service says",
        fix: "set spec.predictor.model.modelFormat.name to the format of the file")
    default: nil
    }
  }

  private var programEntry: FailureCodeEntry? {
    switch self {
    case .crashAtStart:
      FailureCodeEntry(
        "ModelLoadFailed", value: "the exit code", "a container ended before it ever was ready",
        fix: "read its last output by `apus logs NAME --previous` and correct the program or its arguments")
    case .crashLater:
      FailureCodeEntry(
        "ModelLoadFailed", value: "the exit code", "a container that had been ready has ended",
        fix: "read its last output by `apus logs NAME --previous`")
    case .outOfMemory:
      FailureCodeEntry(
        "ModelLoadFailed", value: "the limit", "a container used more memory than its limit",
        fix: "raise resources.limits.memory of the container, or load less")
    case .portTaken:
      FailureCodeEntry(
        "ModelLoadFailed", 50, value: "the port", "another program holds the port",
        fix: "give each container of the pod a port of its own")
    case .cannotListen:
      FailureCodeEntry(
        "ModelLoadFailed", 51, value: "the address", "the server cannot listen",
        fix: "choose another address or port")
    case .probeFailing:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the probe", "the container runs, but its probe fails",
        fix: "correct the probe's path and port, or the program that does not answer it")
    case .canaryNotReady:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the revision", "a new revision never became ready and gets no traffic",
        fix: "correct the new revision, or undo it by `apus rollout undo NAME`")
    case .transformerUnreachable:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the address", "the transformer runs, but nobody can reach it",
        fix: "have the transformer listen on the port of its container (8080), on all addresses")
    case .routeNotAccepted:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the route", "no gateway serves the route",
        fix: "check that a gateway runs and that it allows the route")
    case .noEndpoint:
      FailureCodeEntry(
        "RuntimeUnhealthy", value: "the Service", "the Service has no ready address",
        fix: "look at the pods of the chain")
    case .notReadyYet:
      FailureCodeEntry(
        "", value: "none", "nothing has failed, but the service is not ready yet",
        fix: "wait, for instance by `apus wait NAME`")
    default: nil
    }
  }
}
