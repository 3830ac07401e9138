/// Why a model could not be loaded: code, one sentence with cause and fix. Reaches the termination log, the
/// service's condition and `modelStatus.lastFailureInfo`.
public struct ModelLoadError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The closed list; the raw value is what machines read, `exitCode` what the process ends with.
  public enum Code: String, Sendable, CaseIterable {
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

    public var exitCode: Int32 {
      switch self {
      case .modelMissing: 40
      case .severalModels: 41
      case .unreadable: 42
      case .corrupt: 43
      case .unsafeContent: 44
      case .unsupportedEstimator: 45
      case .unsupportedVersion: 46
      case .unknownFramework: 47
      case .tooLarge: 48
      case .wrongFormat: 49
      }
    }
  }

  public let code: Code
  public let message: String
  /// The offending value, for machines: an estimator's name, a format; "" where the place says it all.
  public let value: String

  public init(_ code: Code, _ message: String, value: String = "") {
    self.code = code
    self.message = message
    self.value = value
  }

  public var description: String { message }
}

/// Why a batch could not be predicted.
public enum PredictError: Error, Sendable, Hashable {
  /// The client's fault: 400.
  case invalidInput(String)
  /// The model's fault: 500.
  case failed(String)
  /// The model has no such function: 501.
  case unsupported(String)
  /// What computes it is gone for the moment (a worker process died): 503.
  case unavailable(String)
}
