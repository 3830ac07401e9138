public import InferenceProtocol
public import ModelRuntime

/// What became of an `InferenceCall`.
public enum InferenceOutcome: Sendable {
  /// The output tensors; their element counts are the products of their shapes.
  case outputs([Tensor], InferenceInfo)
  case failure(InferenceFailure)
}

/// How a call was computed.
public struct InferenceInfo: Sendable, Hashable {
  /// The batch that the call was computed in, where the model's batching tells it (upstream's `batchId`): V1
  /// answers have upstream's form `{"message":"","batchId":…,"predictions":…}` then.
  public var batchID: String?
  /// Rows that were computed together, this call's included.
  public var batchRows = 0
  public var queueNanoseconds: Int64 = 0
  public var predictNanoseconds: Int64 = 0
  /// Answered from the response cache.
  public var isCached = false

  public init() {}
}

/// Why a call was not computed, or not successfully.
public enum InferenceFailure: Error, Sendable, Hashable {
  /// The model's own error.
  case predict(PredictError)
  /// Too much waits already (503, RESOURCE_EXHAUSTED), with the seconds after which to come back.
  case overloaded(String, retryAfterSeconds: Int)
  /// Its deadline passed while it waited (504, DEADLINE_EXCEEDED).
  case deadlineExceeded(String)
  /// The model is not loaded and could not be loaded on demand (503, UNAVAILABLE).
  case notReady(String)
  /// The client had gone before it was computed: nobody reads an answer.
  case cancelled
}
