public import HTTPTransport
internal import HTTPWire
internal import InferenceProtocol

/// The gRPC face of a model server: `inference.GRPCInferenceService`, `grpc.health.v1.Health` and server
/// reflection. It shares models, scheduler and counters with the REST face by their context.
public final class GRPCService: GRPCHandler {
  let context: ServingContext
  private let direct: [DirectInference]

  /// - Parameter loops: how many event loops call `begin`.
  public init(_ context: ServingContext, loops: Int) {
    self.context = context
    direct = (0..<max(1, loops)).map { _ in DirectInference(context) }
  }

  public func begin(_ call: GRPCCall) -> (any GRPCReceiver)? {
    let path = call.path
    if path == Self.inferPath {
      return UnaryReceiver(call) { [self] message in infer(message, call) }
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].isEmpty else { return nil }
    switch parts[1] {
    case "inference.GRPCInferenceService": return beginInference(String(parts[2]), call)
    case "grpc.health.v1.Health":
      if parts[2] == "Check" {
        return UnaryReceiver(call) { [self] message in
          answer(call) { () throws(RequestFailure) in
            try HealthProtocol.check(message, context, loop: call.loop.index)
          }
        }
      }
      return parts[2] == "Watch" ? HealthWatchReceiver(context, call) : nil
    case "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection":
      return parts[2] == "ServerReflectionInfo" ? ReflectionReceiver(call) : nil
    default: return nil
    }
  }

  private static let inferPath = "/inference.GRPCInferenceService/ModelInfer"

  /// A server that looks at traces answers nothing directly.
  public var directPath: String? {
    context.options.tracer == nil && DirectInference.isAllowed(by: context.options) ? Self.inferPath : nil
  }

  public func answerDirectly(
    _ message: UnsafeRawBufferPointer, loop: Int, into answer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard loop < direct.count else { return nil }
    return direct[loop].answer(message, loop: loop, into: answer)
  }

  private func beginInference(_ method: String, _ call: GRPCCall) -> (any GRPCReceiver)? {
    if method == "ModelStreamInfer" { return StreamInferReceiver(context, call) }
    if let read = InferenceMethods.reading[method] {
      return UnaryReceiver(call) { [self] message in
        answer(call) { () throws(RequestFailure) in try read(message, context, call.loop.index) }
      }
    }
    guard let prepare = InferenceMethods.blocking[method] else { return nil }
    return UnaryReceiver(call) { [self] message in administer(message, call, prepare) }
  }

  // MARK: answers

  /// Answers at once, on the loop.
  private func answer(_ call: GRPCCall, _ make: () throws(RequestFailure) -> [UInt8]) {
    let shard = call.loop.index
    context.metrics.shard(shard).started.add(1)
    do throws(RequestFailure) {
      finish(call, .success(try make()), shard)
    } catch {
      finish(call, .failure(error), shard)
    }
  }

  private func finish(
    _ call: GRPCCall, _ result: Result<[UInt8], RequestFailure>, _ shard: Int,
    _ trace: RequestTracer.Trace? = nil
  ) {
    var metadata = HTTPHeaders()
    if let trace { metadata.append("traceparent", trace.traceparent) }
    let code: Int
    switch result {
    case .success(let message):
      call.respond(message, metadata: metadata)
      code = 0
    case .failure(let failure):
      call.finish(failure.grpcStatus, metadata: metadata)
      code = failure.grpcStatus.code.rawValue
    }
    if let trace { context.options.tracer?.end(trace, grpcCode: code) }
    context.metrics.shard(shard).countCall(code)
    context.metrics.shard(shard).finished.add(1)
  }

  /// What loads or unloads models is done by a worker.
  private func administer(
    _ message: UnsafeRawBufferPointer, _ call: GRPCCall, _ prepare: InferenceMethods.Prepare
  ) {
    let shard = call.loop.index
    context.metrics.shard(shard).started.add(1)
    do throws(RequestFailure) {
      let work = try prepare(message, context)
      let accepted = context.scheduler.submitWork(.administration) { [self] worker in
        do throws(RequestFailure) {
          finish(call, .success(try work()), worker)
        } catch {
          finish(call, .failure(error), worker)
        }
      }
      guard accepted else {
        throw RequestFailure.overloaded("the server is busy: too many models are being loaded already")
      }
    } catch {
      finish(call, .failure(error), shard)
    }
  }

  private func infer(_ message: UnsafeRawBufferPointer, _ call: GRPCCall) {
    let shard = call.loop.index
    let trace = context.options.tracer?.begin(call: call.path, metadata: call.metadata)
    if trace == nil, direct.indices.contains(shard), direct[shard].answer(message, call) { return }
    context.metrics.shard(shard).started.add(1)
    GRPCPrediction(
      context: context, deadline: call.deadline, isCancelled: { call.isCancelled },
      reply: { [self] result, shard in finish(call, result, shard, trace) }
    ).begin(message, loop: shard)
  }
}

/// A call with one request and one answer.
final class UnaryReceiver: GRPCReceiver {
  private let call: GRPCCall
  private var answer: ((UnsafeRawBufferPointer) -> Void)?

  init(_ call: GRPCCall, _ answer: @escaping (UnsafeRawBufferPointer) -> Void) {
    self.call = call
    self.answer = answer
  }

  func received(_ message: UnsafeRawBufferPointer) {
    guard let answer else {
      call.finish(GRPCStatus(.internal, "the call takes one message, a second one came"))
      return
    }
    self.answer = nil
    answer(message)
  }

  func ended() {
    guard answer != nil else { return }
    answer = nil
    call.finish(GRPCStatus(.internal, "the call takes one message, none came"))
  }

  func cancelled() { answer = nil }
}
