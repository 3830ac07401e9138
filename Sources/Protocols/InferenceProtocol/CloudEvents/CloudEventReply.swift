public import Basics
public import Formats

/// How answers to CloudEvents are made: upstream's environment variables.
public struct CloudEventReply: Sendable, Hashable {
  /// `CE_MERGE`: the answer has the request's other attributes too.
  public var mergesAttributes: Bool
  /// `CE_TYPE`
  public var type: String
  /// `CE_SOURCE`; nil for `io.kserve.inference.<model>`.
  public var source: String?

  public init(
    mergesAttributes: Bool = false, type: String = "io.kserve.inference.response", source: String? = nil
  ) {
    self.mergesAttributes = mergesAttributes
    self.type = type
    self.source = source
  }

  /// The answer's attributes.
  /// - Parameters:
  ///   - id: of the new event.
  ///   - time: RFC 3339.
  public func attributes(answering event: CloudEvent, model: String, id: String, time: String) -> JSONObject {
    var attributes: JSONObject = [
      "specversion": "1.0", "id": .string(id), "source": .string(source ?? "io.kserve.inference.\(model)"),
      "type": .string(type), "time": .string(time),
    ]
    if mergesAttributes {
      for (key, value) in event.attributes.members
      where !attributes.contains(key) && key != "datacontenttype" {
        attributes[key] = value
      }
      if let version = event.attributes["specversion"] { attributes["specversion"] = version }
    }
    return attributes
  }

  /// The `ce-…` headers of an answer in the binary form; names that no header can have are left out.
  public static func headers(_ attributes: JSONObject) -> [(name: String, value: String)] {
    attributes.members.compactMap { key, value in
      guard key.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0 | 0x20) || $0 == 45 })
      else { return nil }
      return ("ce-\(key)", CloudEventHeader.encoded(value.string ?? value.encodedText))
    }
  }

  /// The body of an answer in the structured form.
  /// - Parameter data: JSON.
  public static func structuredBody(_ attributes: JSONObject, data: Bytes) -> Bytes {
    var body = Bytes()
    body.reserveCapacity(data.count + 256)
    JSONValue.object(attributes).write(into: &body)
    body.removeLast()
    body.append(contentsOf: ",\"data\":".utf8)
    body.append(contentsOf: data)
    body.append(UInt8(ascii: "}"))
    return body
  }
}
