internal import Basics
internal import Formats
internal import HTTPTransport
internal import HTTPWire
internal import KubeProtocol

/// The webhook's HTTP border. Any path that begins with `/mutate-` or `/validate-` is that review, whatever
/// kind it names: the review itself says what it is about.
struct WebhookHandler: AsyncHTTPHandler {
  let reviewer: AdmissionReviewer
  /// Whether the caches know what is there: before that nothing can be judged.
  let isReady: @Sendable () -> Bool

  func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse {
    do throws(KubeError) {
      return Self.response(200, try answer(request))
    } catch {
      return Self.response(error.code, error.statusJSON)
    }
  }

  private func answer(_ request: AsyncHTTPRequest) throws(KubeError) -> JSONValue {
    let path = request.head.path
    let review: (JSONValue) throws(KubeError) -> JSONValue
    if path.hasPrefix("/mutate-") {
      review = reviewer.mutate
    } else if path.hasPrefix("/validate-") {
      review = reviewer.validate
    } else if path == "/convert" {
      review = reviewer.convert
    } else {
      throw KubeError(.notFound, "there is no webhook at \(path.prefix(200))")
    }
    guard request.head.method == "POST" else {
      throw KubeError(.methodNotAllowed, "a review is sent by POST, not \(request.head.method.prefix(20))")
    }
    // Versions are turned into each other without looking at anything else.
    guard isReady() || path == "/convert" else {
      throw KubeError(.serviceUnavailable, "the webhook has not read the cluster's objects yet; try again")
    }
    let document: JSONValue
    do {
      document = try JSONValue(parsing: request.body)
    } catch {
      throw KubeError(.badRequest, "the review is no JSON: \(error)")
    }
    return try review(document)
  }

  private static func response(_ status: Int, _ json: JSONValue) -> AsyncHTTPResponse {
    AsyncHTTPResponse(
      head: HTTPResponseHead(status: status, headers: ["Content-Type": "application/json"]),
      body: .bytes(json.encoded()))
  }
}
