internal import InferenceProtocol
internal import Linux
internal import ModelRuntime

/// One request on its way to a worker and back.
final class PythonJob: Sendable {
  private struct State: Sendable {
    var result: Result<[Tensor], PredictError>?
    /// Nobody waits for the result any more.
    var isAbandoned = false
  }

  let request: PredictRequest
  private let state = Monitor(State())

  init(_ request: PredictRequest) { self.request = request }

  var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

  func finish(_ result: Result<[Tensor], PredictError>) {
    state.withLock { state in
      if state.result == nil { state.result = result }
    }
    state.broadcast()
  }

  /// From any thread: ends the wait.
  func abandon(_ reason: String) {
    state.withLock { $0.isAbandoned = true }
    finish(.failure(.unavailable(reason)))
  }

  /// Blocks until there is a result, at most until `deadline`.
  func wait(until deadline: Duration) -> Result<[Tensor], PredictError> {
    let clock = SystemClock()
    let result: Result<[Tensor], PredictError>? = state.wait { state in
      if let result = state.result { return .done(result) }
      if clock.monotonicNow() >= deadline {
        state.isAbandoned = true
        return .done(nil)
      }
      return .wait(until: deadline)
    }
    return result ?? .failure(.unavailable("the request's deadline passed before the Python worker answered"))
  }
}
