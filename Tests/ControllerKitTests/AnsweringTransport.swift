import Formats
import KubeClient
import KubeProtocol
import Synchronization

/// Answers requests by a closure and keeps what was asked.
final class AnsweringTransport: KubeTransport {
  typealias Answer = @Sendable (KubeRequest) throws -> KubeResponse

  private let answer: Answer
  private let log = Mutex<[KubeRequest]>([])

  init(_ answer: @escaping Answer) { self.answer = answer }

  var requests: [KubeRequest] { log.withLock { $0 } }

  func send(_ request: KubeRequest) async throws -> KubeResponse {
    log.withLock { $0.append(request) }
    return try answer(request)
  }

  static func ok(_ json: JSONValue) -> KubeResponse { KubeResponse(status: 200, body: .json(json)) }

  static func failed(_ error: KubeError) -> KubeResponse {
    KubeResponse(status: error.code, body: .json(error.statusJSON))
  }
}

extension KubeRequest {
  var json: JSONValue {
    if case .json(let value) = body { return value }
    return .null
  }
}
