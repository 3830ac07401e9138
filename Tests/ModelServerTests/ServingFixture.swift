import Basics
import Formats
import HTTPWire
import InferenceProtocol
import Linux
import ModelRuntime
import TestSupport
import Testing

@testable import ModelServer

/// The same number again and again.
struct FixedRandom: RandomSource {
  func next() -> UInt64 { 0 }
}

/// A server with the model `iris`, called without sockets.
final class ServingFixture: Sendable {
  let folder: TemporaryFolder
  let repository: ModelRepository
  let metrics = ServerMetrics(loops: 1)
  let context: ServingContext
  let routes: InferenceRoutes

  struct Answer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var bytes: [UInt8]
    var body: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSONValue? { try? JSONValue(parsing: bytes) }
  }

  init(
    model: String = "sum", runtime: any ModelRuntime = FakeRuntime(),
    cloudEvents: CloudEventReply = CloudEventReply()
  ) throws {
    let folder = try TemporaryFolder()
    try folder.file("model.pkl", model)
    self.folder = folder
    let loader = ModelLoader(runtimes: [runtime], framework: "sklearn")
    let path = folder.path
    repository = ModelRepository(metricShards: 2) { _ throws(ModelLoadError) in try loader.load(path) }
    try? repository.load("iris")
    context = ServingContext(
      repository: repository, scheduler: InferenceScheduler(loops: 1, repository: repository),
      metrics: metrics, loops: 1,
      options: ServingContext.Options(version: "0.1", cloudEvents: cloudEvents), random: FixedRandom())
    routes = InferenceRoutes(context: context)
  }

  func call(
    _ method: String, _ target: String, _ body: String = "", headers: HTTPHeaders = [:]
  ) async -> Answer {
    await call(method, target, bytes: Array(body.utf8), headers: headers)
  }

  func call(
    _ method: String, _ target: String, bytes: [UInt8], headers: HTTPHeaders = [:], isOwned: Bool = false
  ) async -> Answer {
    await withCheckedContinuation { continuation in
      bytes.withUnsafeBytes { buffer in
        routes.handle(
          RouteRequest(
            head: HTTPRequestHead(method: method, target: target, headers: headers),
            body: isOwned ? .owned(bytes[...]) : .view(buffer), loop: 0, isCancelled: nil,
            reply: { answer, _ in
              var whole = answer.body
              for tensor in answer.tensors { tensor.appendBinary(to: &whole) }
              continuation.resume(
                returning: Answer(status: answer.status, headers: answer.head.headers, bytes: whole))
            }))
      }
    }
  }
}
