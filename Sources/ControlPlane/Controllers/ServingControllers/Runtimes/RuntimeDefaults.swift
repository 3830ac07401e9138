internal import Formats
internal import ServingAPI

/// What certain servers need beyond their runtime: labels that their placeholders name, variables, arguments.
/// Worked out for each reconcile, never stored.
struct RuntimeDefaults {
  /// Added to the service's labels; a user's own label wins.
  var labels: [String: String] = [:]
  var environment: [(name: String, value: String)] = []
  var arguments: [String] = []
  /// Where the model names none.
  var protocolVersion: String?

  init(
    runtime: ServingRuntime, model: ModelSpec, serviceName: String, hasStorage: Bool, chosenProtocol: String?
  ) {
    switch runtime.serverType {
    case "mlserver":
      protocolVersion = "v2"
      if hasStorage {
        environment = [("MLSERVER_MODEL_NAME", serviceName), ("MLSERVER_MODEL_URI", ServingPod.modelPath)]
      } else {
        environment = [("MLSERVER_LOAD_MODELS_AT_STARTUP", "false")]
      }
      labels["modelClass"] = Self.implementations[model.formatName]
    case "torchserve":
      protocolVersion = "v1"
      let version = chosenProtocol ?? "v1"
      labels["serviceEnvelope"] = version == "v1" ? "kserve" : "kservev2"
      environment = [("PROTOCOL_VERSION", version)]
    case "tritonserver":
      protocolVersion = "v2"
      if !hasStorage { arguments = ["--model-control-mode=explicit"] }
    default: break
    }
  }

  private static let implementations: [String: String] = [
    "sklearn": "mlserver_sklearn.SKLearnModel", "xgboost": "mlserver_xgboost.XGBoostModel",
    "lightgbm": "mlserver_lightgbm.LightGBMModel", "mlflow": "mlserver_mlflow.MLflowRuntime",
  ]
}
