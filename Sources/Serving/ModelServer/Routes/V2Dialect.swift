public import HTTPWire
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

  /// A request's path as KServe's servers know it; nil for one that such a server does not have.
  func path(_ path: Substring) -> Substring?
  /// An answer that is no prediction, in this server's form; nil for KServe's form.
  func answer(describing subject: DescribedSubject) -> ServerAnswer?
  /// Header fields of a V2 answer besides those of the protocol.
  func fields(answering id: String, from entry: ModelEntry) -> HTTPHeaders
  /// Whether a model that was unloaded is unknown, instead of not ready.
  var forgetsUnloadedModels: Bool { get }
}

extension V2Dialect {
  public func path(_ path: Substring) -> Substring? { path }
  public func answer(describing subject: DescribedSubject) -> ServerAnswer? { nil }
  public func fields(answering id: String, from entry: ModelEntry) -> HTTPHeaders { [:] }
  public var forgetsUnloadedModels: Bool { false }
}

/// What an answer that is no prediction is about.
public enum DescribedSubject: Sendable {
  case server
  case live
  case ready
  case modelReady
  case model(ModelEntry)
  case index([RepositoryRow])
  case loaded
  case unloaded
  case missing(model: String, version: String?)
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
