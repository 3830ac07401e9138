internal import Formats

/// The V1 protocol's request: `{"instances": […]}`, or `{"inputs": […]}`, which counts first where both are
/// there.
public enum V1Request {
  /// - Parameter body: the request's bytes, read in place.
  /// - Returns: one tensor named `instances`, or for rows with named values one tensor per column, in the
  ///   order in which the names came.
  public static func decode(
    _ body: UnsafeRawBufferPointer, limits: InferenceLimits = InferenceLimits()
  ) throws(InferenceRequestError) -> [Tensor] {
    var scanner = JSONScanner(body)
    guard case .beginObject = try scanner.nextToken() else { throw expectedList("instances") }
    var instances: [Tensor]?
    var inputs: [Tensor]?
    if !scanner.takeEnd(of: .object) {
      repeat {
        switch try scanner.nextKey() {
        case "instances": instances = try decodeList("instances", &scanner, of: body, limits)
        case "inputs": inputs = try decodeList("inputs", &scanner, of: body, limits)
        default: try scanner.skip()
        }
      } while try scanner.hasMore(in: .object)
    }
    try scanner.finish()
    guard let tensors = inputs ?? instances else { throw expectedList("instances") }
    return tensors
  }

  private static func decodeList(
    _ key: String, _ scanner: inout JSONScanner, of body: UnsafeRawBufferPointer, _ limits: InferenceLimits
  ) throws(InferenceRequestError) -> [Tensor] {
    var ahead = scanner
    guard case .beginArray = try ahead.nextToken() else { throw expectedList(key) }
    if !ahead.takeEnd(of: .array) {
      var first = try ahead.nextToken()
      if case .beginArray = first, !ahead.takeEnd(of: .array) { first = try ahead.nextToken() }
      if case .beginObject = first {
        var table = TableReader(subject: key, limits: limits)
        return try table.read(&scanner)
      }
    }
    if let (shape, values) = PlainNumbers.readInferred(&scanner, of: body, limits) {
      return [Tensor(name: "instances", shape: shape, values: values)]
    }
    var reader = NestedArrayReader(
      sink: InferredElements(), subject: key, depthLimit: limits.depth, elementLimit: limits.elements)
    try reader.read(&scanner)
    return [Tensor(name: "instances", shape: reader.shape, values: reader.sink.values())]
  }

  private static func expectedList(_ key: String) -> InferenceRequestError {
    InferenceRequestError(.invalid, "Expected \"\(key)\" to be a list")
  }
}
