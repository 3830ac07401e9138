internal import Formats

extension V1Request {
  /// Whether a body is a JSON object at all, for models that take it as it came.
  public static func check(_ body: UnsafeRawBufferPointer) throws(InferenceRequestError) {
    var scanner = JSONScanner(body)
    var ahead = scanner
    guard case .beginObject = try ahead.nextToken() else {
      throw InferenceRequestError(.invalid, "Expected the request to be a JSON object")
    }
    try scanner.skip()
    try scanner.finish()
  }
}
