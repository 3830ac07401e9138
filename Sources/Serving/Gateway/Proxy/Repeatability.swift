internal import HTTPWire

/// Which requests may be sent twice without harm (RFC 9110 §9.2.2).
enum Repeatability {
  private static let idempotentMethods: [String] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]
  /// Predictions are sent by POST, but the protocols define them as functions of their input: a terminating
  /// pod that closes a kept connection just as a request is on its way must not cost an answer.
  private static let inferenceEndings: [String] = [":predict", ":explain", "/infer"]

  static func isRepeatable(_ head: HTTPRequestHead) -> Bool {
    if idempotentMethods.contains(head.method) { return true }
    let path = head.path
    return head.method == "POST" && inferenceEndings.contains { path.hasSuffix($0) }
  }
}
