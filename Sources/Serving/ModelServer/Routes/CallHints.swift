internal import InferenceProtocol

/// What a request's header fields say about when it shall be computed, for protocols without parameters.
struct CallHints: Sendable {
  /// 1 (first) to 9 (last).
  static let priorityField = "X-Request-Priority"
  /// Milliseconds after which nobody waits for the answer any more.
  static let timeoutField = "X-Request-Timeout-Ms"

  var priority: Int64?
  /// On the monotonic clock.
  var deadline: Duration?

  static func number(_ text: String, of field: String) throws(RequestFailure) -> Int64 {
    guard let number = Int64(text), number >= 0, number <= 1_000_000_000 else {
      throw .request(
        InferenceRequestError(
          .invalid, "the header '\(field)' is no whole number from 0: '\(text.prefix(40))'"))
    }
    return number
  }
}
