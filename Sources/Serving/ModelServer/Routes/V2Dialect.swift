public import InferenceProtocol
public import ModelRuntime

/// How a server understands V2 requests and shapes its answers, where servers of the protocol differ.
public protocol V2Dialect: Sendable {
  /// What to ask the model for.
  func predictRequest(
    _ request: V2Request, for entry: ModelEntry
  ) throws(InferenceRequestError) -> PredictRequest

  /// The outputs to answer, in the answer's order, and the form of the answer.
  func answer(
    _ outputs: [Tensor], to request: V2Request, from entry: ModelEntry
  ) throws(InferenceRequestError) -> (outputs: [Tensor], form: V2ResponseForm)
}

/// KServe's own servers: the model's outputs by the names that it gives them.
public struct KServeDialect: V2Dialect {
  public init() {}

  public func predictRequest(
    _ request: V2Request, for entry: ModelEntry
  ) throws(InferenceRequestError) -> PredictRequest {
    PredictRequest(
      inputs: request.modelInputs, function: entry.plainFunction, outputNames: request.outputNames)
  }

  public func answer(
    _ outputs: [Tensor], to request: V2Request, from entry: ModelEntry
  ) throws(InferenceRequestError) -> (outputs: [Tensor], form: V2ResponseForm) {
    (try request.select(outputs, model: entry.name), V2ResponseForm(modelVersion: entry.version))
  }
}

extension ModelEntry {
  /// What a plain request asks the model for.
  var plainFunction: ModelFunction { loaded?.functions.first ?? .predict }
}
