internal import InferenceProtocol
public import ModelRuntime

/// One decoded request for one model, ready to be computed wherever that is right.
public struct InferenceCall: Sendable {
  /// The version of the model that shall answer, as it stood when the request came. It is kept alive until
  /// the call ends, so that a reload or an unload takes nothing away from it.
  public var entry: ModelEntry
  public var request: PredictRequest
  /// On `SystemClock.monotonicNow()`; a call that waits longer is dropped. Nil for the scheduler's own limit.
  public var deadline: Duration?
  /// 1 goes first, 9 last; see `InferencePriority`.
  public var priority: Int
  /// Whether the client has gone: a call nobody waits for is not computed.
  public var isCancelled: (@Sendable () -> Bool)?

  public init(
    entry: ModelEntry, request: PredictRequest, deadline: Duration? = nil,
    priority: Int = InferencePriority.ordinary, isCancelled: (@Sendable () -> Bool)? = nil
  ) {
    self.entry = entry
    self.request = request
    self.deadline = deadline
    self.priority = priority
    self.isCancelled = isCancelled
  }

  /// The length of the inputs' first dimension, the longest where they differ; a scalar counts as one row.
  public var rows: Int {
    var rows = request.inputs.isEmpty ? 1 : 0
    for input in request.inputs { rows = max(rows, input.shape.first ?? 1) }
    return rows
  }
}

/// The order in which waiting calls are taken: as Triton's request parameter `priority`, 1 is first and 0
/// means "none given". A class that is lower by one is overtaken only by what came up to a second later, so
/// nothing starves.
public enum InferencePriority {
  public static let first = 1
  public static let ordinary = 5
  public static let last = 9

  /// Any number as one of the classes.
  public static func clamped(_ number: Int64?) -> Int {
    guard let number, number != 0 else { return ordinary }
    return Int(min(max(number, Int64(first)), Int64(last)))
  }
}
