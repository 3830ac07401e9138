internal import Basics
internal import Crypto
internal import InferenceProtocol
internal import ModelRuntime
internal import Synchronization

/// Answers that are kept for equal requests to the same instance of a model, as long as they fit.
final class ResponseCache: Sendable {
  private let state: Mutex<LeastRecentlyUsed<ResponseKey, [Tensor]>>

  init(capacityBytes: Int) { state = Mutex(LeastRecentlyUsed(capacity: capacityBytes)) }

  var bytes: Int { state.withLock { $0.weight } }

  func find(_ key: ResponseKey) -> [Tensor]? { state.withLock { $0.find(key) } }

  func store(_ outputs: [Tensor], for key: ResponseKey) {
    let overhead = 256
    let bytes = outputs.reduce(overhead) { $0 &+ $1.values.heldBytes &+ overhead }
    state.withLock { $0.insert(outputs, for: key, weight: bytes) }
  }
}

/// What makes two requests equal: the instance of the model, and everything that the model is given. The
/// content counts by its SHA-256, so that nobody can make up a request that gets another one's answer.
struct ResponseKey: Sendable, Hashable {
  let instance: UInt64
  let digest: Bytes

  /// - Returns: nil where no digest can be made.
  init?(_ call: InferenceCall) {
    guard let hasher = try? SHA256Hasher() else { return nil }
    instance = call.entry.instance
    hasher.add(text: call.request.function.rawValue)
    hasher.add(number: call.request.hasInferredTypes ? 1 : 0)
    hasher.add(number: call.request.outputNames?.count ?? -1)
    for name in call.request.outputNames ?? [] { hasher.add(text: name) }
    hasher.add(number: call.request.payload?.count ?? -1)
    if let payload = call.request.payload { hasher.update(payload) }
    for input in call.request.inputs {
      hasher.add(text: input.name)
      hasher.add(text: input.datatype.rawValue)
      hasher.add(number: input.shape.count)
      for dimension in input.shape { hasher.add(number: dimension) }
      hasher.add(input.values)
    }
    digest = hasher.finalize()
  }
}

extension SHA256Hasher {
  fileprivate func add(number: Int) { withUnsafeBytes(of: number) { update($0) } }

  fileprivate func add(text: String) {
    let bytes = Bytes(text.utf8)
    add(number: bytes.count)
    update(bytes)
  }

  fileprivate func add(_ values: TensorValues) {
    add(number: values.count)
    switch values {
    case .bool(let all): all.withUnsafeBytes { update($0) }
    case .int8(let all): all.withUnsafeBytes { update($0) }
    case .int16(let all): all.withUnsafeBytes { update($0) }
    case .int32(let all): all.withUnsafeBytes { update($0) }
    case .int64(let all): all.withUnsafeBytes { update($0) }
    case .uint8(let all): all.withUnsafeBytes { update($0) }
    case .uint16(let all): all.withUnsafeBytes { update($0) }
    case .uint32(let all): all.withUnsafeBytes { update($0) }
    case .uint64(let all): all.withUnsafeBytes { update($0) }
    case .float32(let all): all.withUnsafeBytes { update($0) }
    case .float64(let all): all.withUnsafeBytes { update($0) }
    case .strings(let all): for text in all { add(text: text) }
    case .raw(let elements):
      add(number: elements.bytes.count)
      elements.bytes.withUnsafeBytes { update($0) }
    }
  }
}

extension TensorValues {
  /// About what the elements take in memory.
  var heldBytes: Int {
    switch self {
    case .strings(let texts): texts.reduce(0) { $0 &+ 16 &+ $1.utf8.count }
    case .raw(let elements): elements.bytes.count
    default: count &* (datatype.byteSize ?? 16)
    }
  }
}
