public import Formats

/// A CloudEvent (https://cloudevents.io, versions 1.0 and 0.3) around a request, in one of its two HTTP
/// forms.
public struct CloudEvent: Sendable, Hashable {
  public enum Mode: Sendable, Hashable {
    /// Attributes in `ce-…` headers, the data as body.
    case binary
    /// One JSON object with attributes and data.
    case structured
  }

  public var mode: Mode
  /// `specversion`, `id`, `source`, `type` and whatever else there is; not the data.
  public var attributes: JSONObject

  public init(mode: Mode, attributes: JSONObject) {
    self.mode = mode
    self.attributes = attributes
  }

  private static let versions: Set<String> = ["1.0", "0.3"]
  private static let required: [String] = ["specversion", "id", "source", "type"]
  /// Attributes beyond these many are not an event anybody sends.
  private static let attributeLimit = 256

  /// The event of the binary form that the headers make, nil where they make none: all required attributes
  /// must be there.
  /// - Parameters:
  ///   - headers: in the order they came, names in any case.
  ///   - contentType: of the body; it is the event's `datacontenttype`.
  public static func binary(
    headers: some Sequence<(name: String, value: String)>, contentType: String?
  ) throws(InferenceRequestError) -> CloudEvent? {
    var attributes = JSONObject()
    for (name, value) in headers {
      let name = name.lowercased()
      guard name.hasPrefix("ce-"), attributes.count < attributeLimit else { continue }
      attributes[String(name.dropFirst(3))] = .string(CloudEventHeader.decoded(value))
    }
    guard !attributes.isEmpty, required.allSatisfy({ attributes.contains($0) }) else { return nil }
    try check(attributes)
    if let contentType { attributes["datacontenttype"] = .string(contentType) }
    return CloudEvent(mode: .binary, attributes: attributes)
  }

  /// Where an event of the structured form has its data.
  public enum Data: Sendable, Hashable {
    /// A JSON value, at that place of the body.
    case json(Range<Int>)
    /// `data_base64`.
    case base64(String)
  }

  /// The event of the structured form that a body is; nil where it is a JSON object without data.
  /// - Parameter isDeclared: the content type says that it is one. A body that does not say so is one where
  ///   it has all of `time`, `type`, `source`, `id`, `specversion` and `data`, as upstream sees it.
  public static func structured(
    _ body: UnsafeRawBufferPointer, isDeclared: Bool
  ) throws(InferenceRequestError) -> (CloudEvent, Data)? {
    var scanner = JSONScanner(body)
    guard case .beginObject = try scanner.nextToken() else { return nil }
    var attributes = JSONObject()
    var data: Data?
    if !scanner.takeEnd(of: .object) {
      repeat {
        let key = try scanner.nextKey()
        let start = scanner.offset
        switch key {
        case "data":
          try scanner.skip()
          data = .json(start..<scanner.offset)
        case "data_base64":
          guard case .string = try scanner.nextToken() else {
            throw failure("'data_base64' is no text")
          }
          data = .base64(try scanner.text())
        default:
          guard attributes.count < attributeLimit else { throw failure("it has too many attributes") }
          attributes[key] = try scanner.tree(of: body)
        }
      } while try scanner.hasMore(in: .object)
    }
    try scanner.finish()
    guard let data else { return nil }
    if !isDeclared {
      guard required.allSatisfy({ attributes.contains($0) }), attributes.contains("time") else { return nil }
    }
    try check(attributes)
    return (CloudEvent(mode: .structured, attributes: attributes), data)
  }

  private static func check(_ attributes: JSONObject) throws(InferenceRequestError) {
    let missing = required.filter { !attributes.contains($0) }
    guard missing.isEmpty else {
      throw failure("Missing required attributes: {\(missing.map { "'\($0)'" }.joined(separator: ", "))}")
    }
    guard let version = attributes["specversion"]?.string, versions.contains(version) else {
      let shown = attributes["specversion"]?.string ?? attributes["specversion"]?.encodedText ?? ""
      throw failure("Found invalid specversion \(shown.prefix(40))")
    }
  }

  private static func failure(_ message: String) -> InferenceRequestError {
    InferenceRequestError(.invalid, "Cloud Event Exceptions: \(message)")
  }
}
