public import Basics
public import Formats
public import HTTPWire
public import InferenceProtocol

/// An answer of the model server: status, headers, body.
public struct ServerAnswer: Sendable, Hashable {
  public var status: Int
  public var contentType: String
  public var body: Bytes
  /// Long binary tensors that follow the body, as its last part.
  public var tensors: [TensorValues] = []
  /// Fields besides Content-Type and Content-Length.
  public var fields: HTTPHeaders

  public init(
    status: Int = 200, contentType: String = "application/json", body: Bytes, fields: HTTPHeaders = [:]
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.fields = fields
  }

  public init(status: Int = 200, json: JSONValue, fields: HTTPHeaders = [:]) {
    self.init(status: status, body: json.encoded(), fields: fields)
  }

  /// `{"error": "…"}`, as every failure of an inference endpoint looks.
  public static func error(_ status: Int, _ message: String, fields: HTTPHeaders = [:]) -> ServerAnswer {
    ServerAnswer(status: status, json: ["error": .string(message)], fields: fields)
  }

  /// The server has more to do than it can: come back in a second.
  static func overloaded(_ message: String) -> ServerAnswer {
    error(503, message, fields: ["Retry-After": "1"])
  }

  var head: HTTPResponseHead {
    var headers = HTTPHeaders()
    headers.reserve(2 + fields.fields.count)
    headers.append("Content-Type", contentType)
    for field in fields.fields { headers.append(field.name, field.value) }
    return HTTPResponseHead(status: status, headers: headers)
  }
}
