public import ModelRuntime

/// One name in the repository as it stood at one moment.
public struct ModelEntry: Sendable {
  public enum State: Sendable {
    case loading
    case ready
    /// The last load failed. An older version may go on serving.
    case failed(ModelLoadError)
    case unloaded
  }

  public let name: String
  public var state: State
  /// The version that answers; nil where none does.
  public var loaded: (any LoadedModel)?
  var loadSeconds: Double?
  let metrics: ModelMetrics

  /// Why the model does not answer, in upstream's words.
  var notReadyMessage: String {
    let message = "Model with name \(name) is not ready."
    if case .failed(let error) = state { return "\(message) \(error.message)" }
    return message
  }
}
