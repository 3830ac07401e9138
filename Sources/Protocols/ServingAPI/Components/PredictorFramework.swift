/// One of the ten per-framework fields of a predictor, which all mean `model` with a format.
public struct PredictorFramework: Sendable, Hashable {
  /// The field, which is also the name of the model format.
  public let field: String
  /// The protocol a model of this format speaks where the service names none; nil leaves it to the runtime.
  public let defaultProtocol: String?

  /// In the order in which defaulting looks for them.
  public static let all: [PredictorFramework] = [
    .init(field: "sklearn", defaultProtocol: nil),
    .init(field: "tensorflow", defaultProtocol: nil),
    .init(field: "xgboost", defaultProtocol: nil),
    .init(field: "pytorch", defaultProtocol: nil),
    .init(field: "triton", defaultProtocol: "v2"),
    .init(field: "onnx", defaultProtocol: "v2"),
    .init(field: "huggingface", defaultProtocol: "v2"),
    .init(field: "pmml", defaultProtocol: nil),
    .init(field: "lightgbm", defaultProtocol: nil),
    .init(field: "paddle", defaultProtocol: nil),
  ]

  /// Formats of a `model` spec that speak v2 where the service names no protocol.
  public static let modelFormatsWithV2: Set<String> = ["triton", "vLLM"]
}
