import Basics
import Formats
import HTTPWire
import InferenceProtocol
import Linux
import ModelRuntime
import Synchronization
import Testing

@testable import HTTPTransport
@testable import ModelServer

/// Adds up rows of two values, with a row model of the same results.
struct RowSumModel: LoadedModel {
  let sum = FakeModel()
  var signature: ModelSignature { sum.signature }
  var estimatedNanosecondsPerRow: Double { 100 }
  var memoryBytes: Int { 4096 }
  var rowModel: (any RowModel)? { RowSum() }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] { try sum.predict(request) }

  struct RowSum: RowModel {
    let form = RowForm(columns: 2, outputName: "output-0", outputDatatype: .fp64)
    func scratchBytes(rows: Int) -> Int { 0 }

    func predict(
      _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
    ) -> Bool {
      let sums = output.assumingMemoryBound(to: Double.self)
      for row in 0..<batch.rows {
        let (first, second): (Double, Double) =
          switch batch.values {
          case .float32(let values): (Double(values[row * 2]), Double(values[row * 2 + 1]))
          case .float64(let values): (values[row * 2], values[row * 2 + 1])
          case .int32(let values): (Double(values[row * 2]), Double(values[row * 2 + 1]))
          case .int64(let values): (Double(values[row * 2]), Double(values[row * 2 + 1]))
          }
        if first == 666 || second == 666 { return false }
        sums[row] = first + second
      }
      return true
    }
  }
}

/// What came back from a call.
struct GRPCAnswer: Sendable {
  var messages: [[UInt8]]
  var status: GRPCStatus
}

/// The connection's side of a call, in memory.
/// `@unchecked Sendable`: the receiver is touched on the loop's thread only, the rest has a lock.
final class RecordingDriver: GRPCDriver, @unchecked Sendable {
  private struct State {
    var messages: [[UInt8]] = []
    var finished: ((GRPCAnswer) -> Void)?
  }

  private let state = Mutex(State())
  private let onMessage: (@Sendable (Int) -> Void)?
  var receiver: (any GRPCReceiver)?
  let remoteAddress = "127.0.0.1:1"
  let isCancelled = false

  init(onMessage: (@Sendable (Int) -> Void)? = nil, _ finished: @escaping @Sendable (GRPCAnswer) -> Void) {
    self.onMessage = onMessage
    state.withLock { $0.finished = finished }
  }

  func send(_ message: Bytes) {
    let count = state.withLock { state in
      state.messages.append(message)
      return state.messages.count
    }
    onMessage?(count)
  }

  func send(_ message: UnsafeRawBufferPointer) { send(Bytes(message)) }

  func finish(_ status: GRPCStatus, _ metadata: HTTPHeaders) {
    receiver = nil
    let (finished, messages) = state.withLock { state in
      defer { state.finished = nil }
      return (state.finished, state.messages)
    }
    finished?(GRPCAnswer(messages: messages, status: status))
  }
}

/// A gRPC service with the models `iris` (general path) and `rows` (direct path), called without sockets.
final class GRPCFixture: Sendable {
  let group: EventLoopGroup
  let context: ServingContext
  let service: GRPCService
  let repository: ModelRepository

  init() throws {
    group = try EventLoopGroup(loops: 1, name: "grpc-test")
    repository = ModelRepository(metricShards: 2) { name throws(ModelLoadError) in
      switch name {
      case "iris": return FakeModel()
      case "rows": return RowSumModel()
      default: throw ModelLoadError(.modelMissing, "no such model")
      }
    }
    try repository.load("iris")
    try repository.load("rows")
    context = ServingContext(
      repository: repository, scheduler: InferenceScheduler(loops: 1, repository: repository),
      metrics: ServerMetrics(loops: 1), loops: 1,
      options: ServingContext.Options(version: "0.1", cloudEvents: CloudEventReply()),
      random: FixedRandom())
    service = GRPCService(context, loops: 1)
  }

  /// Sends the messages and half-closes.
  func call(
    _ method: String, _ messages: [[UInt8]] = [[]], service name: String = "inference.GRPCInferenceService"
  ) async -> GRPCAnswer {
    let loop = group.loops[0]
    return await withCheckedContinuation { continuation in
      loop.submit { [service] in
        let driver = RecordingDriver { continuation.resume(returning: $0) }
        let call = GRPCCall(
          path: "/\(name)/\(method)", metadata: [:], deadline: nil, loop: loop, driver: driver)
        guard let receiver = service.begin(call) else {
          call.finish(GRPCStatus(.unimplemented))
          return
        }
        driver.receiver = receiver
        for message in messages { message.withUnsafeBytes { receiver.received($0) } }
        receiver.ended()
      }
    }
  }

  func shutDown() async { await group.shutdown() }
}

/// The fields of a message by their numbers, for looking at answers.
struct DecodedMessage {
  private(set) var payloads: [Int: [[UInt8]]] = [:]
  private(set) var numbers: [Int: [UInt64]] = [:]

  init(_ bytes: [UInt8]) throws {
    var payloads: [Int: [[UInt8]]] = [:]
    var numbers: [Int: [UInt64]] = [:]
    try bytes.withUnsafeBytes { buffer in
      var reader = ProtobufReader(buffer)
      while let tag = try reader.next() {
        switch tag.wireType {
        case .lengthDelimited: payloads[tag.number, default: []].append(Array(try reader.payload()))
        case .varint: numbers[tag.number, default: []].append(try reader.varint())
        default: try reader.skip(tag)
        }
      }
    }
    self.payloads = payloads
    self.numbers = numbers
  }

  func text(_ number: Int) -> String? { payloads[number]?.last.map { String(decoding: $0, as: UTF8.self) } }
  func message(_ number: Int, _ index: Int = 0) throws -> DecodedMessage {
    try DecodedMessage(try #require(payloads[number])[index])
  }
}
