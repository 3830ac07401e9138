internal import HTTPTransport
internal import HTTPWire
internal import InferenceProtocol
internal import ModelRuntime

/// Why a request gets no outputs, whatever protocol it came in: one table makes REST answers of it, one gRPC
/// statuses.
enum RequestFailure: Error, Sendable, Hashable {
  case request(InferenceRequestError)
  case inference(InferenceFailure)
  case modelNotFound(String)
  case versionNotFound(String, String)
  /// A version of a model that has none.
  case versioning
  case notReady(String)
  case serverNotReady
  case notImplemented(String)
  case unsupportedMedia(String)
  case overloaded(String)
  /// The server's own fault.
  case broken(String)
}

extension RequestFailure {
  var message: String {
    switch self {
    case .request(let error): error.message
    case .inference(.predict(.invalidInput(let message))), .inference(.predict(.failed(let message))),
      .inference(.predict(.unsupported(let message))), .inference(.predict(.unavailable(let message))):
      message
    case .inference(.overloaded(let message, _)), .inference(.deadlineExceeded(let message)),
      .inference(.notReady(let message)):
      message
    case .inference(.cancelled): "the client has gone"
    case .modelNotFound(let name): "Model with name \(name) does not exist."
    case .versionNotFound(let name, let version):
      "Model with name \(name) and version \(version) does not exist."
    case .versioning: "Model versioning not supported yet."
    case .serverNotReady: "Server is not ready."
    case .notReady(let message), .notImplemented(let message), .unsupportedMedia(let message),
      .overloaded(let message), .broken(let message):
      message
    }
  }

  /// The table to HTTP statuses.
  var status: Int {
    switch self {
    case .request(let error):
      switch error.code {
      case .malformed, .invalid: 400
      case .tooLarge: 413
      case .unsupported: 501
      }
    case .inference(.predict(.invalidInput)): 400
    case .inference(.predict(.failed)), .broken: 500
    case .inference(.predict(.unsupported)), .notImplemented, .versioning: 501
    case .inference(.predict(.unavailable)), .inference(.overloaded), .inference(.notReady): 503
    case .overloaded, .notReady, .serverNotReady: 503
    case .inference(.deadlineExceeded): 504
    // Nobody reads it; the number that proxies log for this.
    case .inference(.cancelled): 499
    case .modelNotFound, .versionNotFound: 404
    case .unsupportedMedia: 415
    }
  }

  /// The table to gRPC codes.
  var code: GRPCStatus.Code {
    switch self {
    case .request(let error):
      switch error.code {
      case .malformed, .invalid: .invalidArgument
      case .tooLarge: .resourceExhausted
      case .unsupported: .unimplemented
      }
    case .inference(.predict(.invalidInput)), .unsupportedMedia: .invalidArgument
    case .inference(.predict(.failed)), .broken: .internal
    case .inference(.predict(.unsupported)), .notImplemented, .versioning: .unimplemented
    case .inference(.predict(.unavailable)), .inference(.notReady), .notReady, .serverNotReady: .unavailable
    case .inference(.overloaded), .overloaded: .resourceExhausted
    case .inference(.deadlineExceeded): .deadlineExceeded
    case .inference(.cancelled): .cancelled
    case .modelNotFound, .versionNotFound: .notFound
    }
  }

  /// After how many seconds to come back, where that helps.
  var retryAfterSeconds: Int? {
    switch self {
    case .inference(.overloaded(_, let seconds)): seconds
    case .overloaded, .inference(.predict(.unavailable)): 1
    default: nil
    }
  }

  var grpcStatus: GRPCStatus { GRPCStatus(code, message) }

  /// `{"error": "…"}`, as every failure of an inference endpoint looks.
  var answer: ServerAnswer {
    var fields = HTTPHeaders()
    if let retryAfterSeconds { fields.append("Retry-After", String(retryAfterSeconds)) }
    if case .unsupportedMedia = self { fields.append("Accept-Encoding", "identity") }
    return .error(status, message, fields: fields)
  }
}
