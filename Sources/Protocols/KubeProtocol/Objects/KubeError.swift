public import Formats

/// An answer of the Kubernetes API that is not success: `metav1.Status` as an error.
public struct KubeError: Error, Sendable, CustomStringConvertible {
  /// `metav1.StatusReason`, with the HTTP status that goes with it.
  public enum Reason: String, Sendable {
    case badRequest = "BadRequest"
    case unauthorized = "Unauthorized"
    case forbidden = "Forbidden"
    case notFound = "NotFound"
    case methodNotAllowed = "MethodNotAllowed"
    case notAcceptable = "NotAcceptable"
    case alreadyExists = "AlreadyExists"
    case conflict = "Conflict"
    case expired = "Expired"
    case gone = "Gone"
    case requestEntityTooLarge = "RequestEntityTooLarge"
    case unsupportedMediaType = "UnsupportedMediaType"
    case invalid = "Invalid"
    case tooManyRequests = "TooManyRequests"
    case internalError = "InternalError"
    case serviceUnavailable = "ServiceUnavailable"
    case timeout = "Timeout"
    case unknown = ""

    public var httpStatus: Int {
      switch self {
      case .badRequest: 400
      case .unauthorized: 401
      case .forbidden: 403
      case .notFound: 404
      case .methodNotAllowed: 405
      case .notAcceptable: 406
      case .alreadyExists, .conflict: 409
      case .expired, .gone: 410
      case .requestEntityTooLarge: 413
      case .unsupportedMediaType: 415
      case .invalid: 422
      case .tooManyRequests: 429
      case .internalError, .unknown: 500
      case .serviceUnavailable: 503
      case .timeout: 504
      }
    }
  }

  /// One entry of `details.causes`.
  public struct Cause: Sendable, Hashable {
    /// `FieldValueInvalid`, `FieldValueRequired`, …
    public var reason: String
    public var message: String
    public var field: String

    public init(reason: String, message: String, field: String) {
      self.reason = reason
      self.message = message
      self.field = field
    }
  }

  public var code: Int
  public var reason: Reason
  public var message: String
  public var group = ""
  public var kind = ""
  public var name = ""
  public var causes: [Cause] = []
  public var retryAfterSeconds: Int?
  /// With an expired list: the token that gets the rest as it is now.
  public var continueToken: String?

  public init(_ reason: Reason, _ message: String) {
    code = reason.httpStatus
    self.reason = reason
    self.message = message
  }

  public var description: String { message }

  public static func notFound(_ resource: KubeResource, _ name: String) -> KubeError {
    about(resource, name, .notFound, "\(resource.qualifiedName) \"\(name)\" not found")
  }

  public static func alreadyExists(_ resource: KubeResource, _ name: String) -> KubeError {
    about(resource, name, .alreadyExists, "\(resource.qualifiedName) \"\(name)\" already exists")
  }

  public static func conflict(_ resource: KubeResource, _ name: String, _ why: String) -> KubeError {
    about(
      resource, name, .conflict,
      "Operation cannot be fulfilled on \(resource.qualifiedName) \"\(name)\": \(why)")
  }

  /// `Kind.group "name" is invalid: field: reason, …`.
  public static func invalid(_ kind: GroupVersionKind, _ name: String, _ causes: [Cause]) -> KubeError {
    let qualified = kind.group.isEmpty ? kind.kind : "\(kind.kind).\(kind.group)"
    let reasons = causes.map { "\($0.field): \($0.message)" }
    let list = reasons.count == 1 ? reasons[0] : "[\(reasons.joined(separator: ", "))]"
    var error = KubeError(.invalid, "\(qualified) \"\(name)\" is invalid: \(list)")
    error.group = kind.group
    error.kind = kind.kind
    error.name = name
    error.causes = causes
    return error
  }

  private static func about(_ resource: KubeResource, _ name: String, _ reason: Reason, _ message: String)
    -> KubeError
  {
    var error = KubeError(reason, message)
    error.group = resource.group
    error.kind = resource.plural
    error.name = name
    return error
  }

  /// From a `Status` object that a server answered.
  public init(statusJSON json: JSONValue, httpStatus: Int) {
    reason = json["reason"]?.string.flatMap(Reason.init(rawValue:)) ?? .unknown
    code = json["code"]?.int.map { Int(clamping: $0) } ?? httpStatus
    message = json["message"]?.string ?? "the server answered \(httpStatus)"
    group = json.at("details", "group")?.string ?? ""
    kind = json.at("details", "kind")?.string ?? ""
    name = json.at("details", "name")?.string ?? ""
    retryAfterSeconds = json.at("details", "retryAfterSeconds")?.int.map { Int(clamping: $0) }
    continueToken = json.at("metadata", "continue")?.string
    causes = (json.at("details", "causes")?.array ?? []).map {
      Cause(
        reason: $0["reason"]?.string ?? "", message: $0["message"]?.string ?? "",
        field: $0["field"]?.string ?? "")
    }
  }

  /// The `metav1.Status` object.
  public var statusJSON: JSONValue {
    var details: JSONValue = [:]
    if !name.isEmpty { details["name"] = .string(name) }
    if !group.isEmpty { details["group"] = .string(group) }
    if !kind.isEmpty { details["kind"] = .string(kind) }
    if !causes.isEmpty {
      details["causes"] = .array(
        causes.map {
          ["reason": .string($0.reason), "message": .string($0.message), "field": .string($0.field)]
        })
    }
    if let retryAfterSeconds { details["retryAfterSeconds"] = .int(retryAfterSeconds) }
    var status: JSONValue = [
      "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
    ]
    if let continueToken { status["metadata"] = ["continue": .string(continueToken)] }
    if reason != .unknown { status["reason"] = .string(reason.rawValue) }
    // Clients look into the details of this one without asking whether there are any.
    if details != [:] || reason == .notFound { status["details"] = details }
    status["code"] = .int(code)
    return status
  }
}
