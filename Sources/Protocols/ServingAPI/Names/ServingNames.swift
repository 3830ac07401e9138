/// Annotations that users and controllers put on the serving kinds and their children.
public enum ServingAnnotation {
  public static let deploymentMode = "serving.kserve.io/deploymentMode"
  public static let autoscalerClass = "serving.kserve.io/autoscalerClass"
  public static let stop = "serving.kserve.io/stop"
  public static let disableAutoUpdate = "serving.kserve.io/disable-auto-update"
  /// `"true"` gives each tag of the traffic a URL of its own.
  public static let enableTagRouting = "serving.kserve.io/enable-tag-routing"
  /// A JSON list of resource names that count as GPUs beside the known ones.
  public static let gpuResourceTypes = "serving.kserve.io/gpu-resource-types"
  public static let disableLocalModel = "serving.kserve.io/disable-localmodel"
  public static let nodeGroup = "serving.kserve.io/nodegroup"
  /// What the cache holds that a service's model comes from.
  public static let localModelSource = "internal.serving.kserve.io/localmodel-sourceuri"
  /// The claim with the cached copy.
  public static let localModelClaim = "internal.serving.kserve.io/localmodel-pvc-name"
  /// Knative's choice of autoscaler for a service (`kpa…` or `hpa.autoscaling.knative.dev`).
  public static let knativeAutoscalerClass = "autoscaling.knative.dev/class"
  public static let serverType = "serving.kserve.io/server-type"
  /// The model's format; set by defaulting unless the user set it.
  public static let modelFormat = "modelFormat"
  /// `"false"` mounts the model writable.
  public static let storageReadOnly = "storage.kserve.io/readonly"
  public static let storageSecretName = "serving.kserve.io/storageSecretName"
  public static let storageSourceURI = "internal.serving.kserve.io/storage-initializer-sourceuri"

  /// Never copied from a service to its children; the configuration can add more.
  public static let notPropagated: [String] = [
    "autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/max-scale", storageSourceURI,
    "kubectl.kubernetes.io/last-applied-configuration", modelFormat,
  ]
}

/// Labels of the serving kinds and their children.
public enum ServingLabel {
  public static let inferenceService = "serving.kserve.io/inferenceservice"
  public static let component = "component"
  /// The LocalModelCache that a service's model comes from.
  public static let localModel = "internal.serving.kserve.io/localmodel"
  /// Of a LocalModelNamespaceCache.
  public static let localModelNamespace = "internal.serving.kserve.io/localmodel-namespace"
  public static let routingGroup = "serving.kserve.io/routing-group"
  public static let app = "app"
  public static let visibility = "networking.kserve.io/visibility"
  public static let clusterLocal = "cluster-local"

  /// The value of `app` on the pods of a component's Deployment.
  public static func app(forDeployment name: String) -> String { "isvc.\(name)" }
}

/// Names of containers, volumes and paths inside a model's pod.
public enum ServingPod {
  public static let modelContainer = "kserve-container"
  public static let transformerContainer = "transformer-container"
  public static let workerContainer = "worker-container"
  public static let storageInitializer = "storage-initializer"
  public static let modelPath = "/mnt/models"
  public static let provisionVolume = "kserve-provision-location"
  public static let claimVolume = "kserve-pvc-source"
  public static let defaultPort: Int64 = 8080
  public static let serviceNameVariable = "INFERENCE_SERVICE_NAME"
  public static let storageURIVariable = "STORAGE_URI"
  public static let protocolVariable = "PROTOCOL"
}

/// Where the platform keeps its own objects.
public enum ServingPlatform {
  public static let namespace = "kserve"
  public static let configMap = "inferenceservice-config"
  public static let gatewayClass = "apus"
  public static let gatewayController = "apus.dev/gateway-controller"
  public static let gateway = "kserve-ingress-gateway"
}

/// How a service is deployed.
public enum DeploymentMode: String, Sendable, Hashable {
  case standard = "Standard"
  case knative = "Knative"
  case modelMesh = "ModelMesh"

  /// Takes the names of earlier releases too (`RawDeployment`, `Serverless`).
  public init?(name: String) {
    switch name {
    case "Standard", "RawDeployment": self = .standard
    case "Knative", "Serverless": self = .knative
    case "ModelMesh": self = .modelMesh
    default: return nil
    }
  }
}
