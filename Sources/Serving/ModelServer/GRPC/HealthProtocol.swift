internal import Basics
internal import Formats
internal import HTTPTransport
internal import InferenceProtocol

/// `grpc.health.v1.Health`: the server as "" or by its service's name, a model by its own.
enum HealthProtocol {
  enum Status: UInt64 {
    case serving = 1
    case notServing = 2
    case serviceUnknown = 3
  }

  static func status(of service: String, _ context: ServingContext, loop: Int) -> Status {
    if service.isEmpty || FileDescriptor.inference.serviceNames.contains(service) {
      return context.isReady ? .serving : .notServing
    }
    guard let entry = context.entry(service, loop: loop) else { return .serviceUnknown }
    return entry.isServable && !context.isDraining ? .serving : .notServing
  }

  static func check(
    _ message: UnsafeRawBufferPointer, _ context: ServingContext, loop: Int
  ) throws(RequestFailure) -> Bytes {
    let service = try Fields(message).texts[1] ?? ""
    let status = status(of: service, context, loop: loop)
    // The specification asks for NOT_FOUND here.
    if status == .serviceUnknown { throw .modelNotFound(service) }
    return encoded(status)
  }

  static func encoded(_ status: Status) -> Bytes {
    var writer = ProtobufWriter()
    writer.field(1, status.rawValue)
    return writer.bytes
  }
}

/// `Watch`: the status now, and each time that it changes.
final class HealthWatchReceiver: GRPCReceiver {
  private static let period: Duration = .milliseconds(500)

  private let context: ServingContext
  private let call: GRPCCall
  private var service: String?
  private var last: HealthProtocol.Status?
  private var timer: LoopTimer?

  init(_ context: ServingContext, _ call: GRPCCall) {
    self.context = context
    self.call = call
  }

  func received(_ message: UnsafeRawBufferPointer) {
    guard service == nil else {
      call.finish(GRPCStatus(.internal, "the call takes one message, a second one came"))
      return stop()
    }
    do throws(RequestFailure) {
      service = try Fields(message).texts[1] ?? ""
      look()
    } catch {
      call.finish(error.grpcStatus)
    }
  }

  func ended() {
    if service == nil { call.finish(GRPCStatus(.internal, "the call takes one message, none came")) }
  }

  func cancelled() { stop() }

  private func stop() {
    timer?.cancel()
    timer = nil
  }

  private func look() {
    guard let service else { return }
    let status = HealthProtocol.status(of: service, context, loop: call.loop.index)
    if status != last {
      last = status
      call.send(HealthProtocol.encoded(status))
    }
    timer = call.loop.schedule(after: Self.period) { [weak self] in self?.look() }
  }
}
