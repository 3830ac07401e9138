// fuzz: module=HTTPWire reader=Sources/Protocols/HTTPWire/GRPC,Sources/Protocols/HTTPWire/HTTP2
import Basics
import HTTPWire

/// The first byte chooses how the rest arrives and which limits hold; the rest is a stream of gRPC messages:
/// what is read must not depend on how the bytes arrive. The same bytes are also read as a header block's
/// fields, as a timeout and as a status message.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGRPCFraming(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 1 else { return 0 }
  let bytes = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
  let limit = start[0] & 1 == 0 ? 64 : 100_000
  let whole = readMessages(bytes, limit: limit, step: bytes.count)
  let pieces = readMessages(bytes, limit: limit, step: Int(start[0] >> 1) + 1)
  guard whole == pieces else {
    fatalError("the arrival of the bytes changes what is read: \(whole) \(pieces)")
  }
  #if PLANTED_BUG
    if whole.contains("message 7 true") { fatalError("planted bug") }
  #endif
  _ = GRPCFields.timeout(bytes)
  fuzzStatus(bytes)
  // Few and short fields fit only one of them.
  var limits = HTTPWireLimits()
  if start[0] & 2 != 0 { (limits.headBytes, limits.headerFields) = (1, 8) }
  fuzzBlock(bytes, HTTP2HeaderBlock(limits: limits))
  return 0
}

private func readMessages(_ bytes: UnsafeRawBufferPointer, limit: Int, step: Int) -> [String] {
  var reader = GRPCMessageReader(maximumBytes: limit)
  var results: [String] = []
  var start = 0
  while start < bytes.count {
    let end = min(bytes.count, start + max(1, step))
    let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    start = end
    var offset = 0
    reading: while true {
      switch reader.next(piece, &offset) {
      case .inPlace(let range, let isCompressed):
        guard range.count <= limit else { fatalError("a message beyond the limit") }
        results.append("message \(range.count) \(isCompressed)")
      case .collected(let message, let isCompressed):
        guard message.count <= limit else { fatalError("a message beyond the limit") }
        results.append("message \(message.count) \(isCompressed)")
      case .needsMore: break reading
      case .tooLong(let length): return results + ["too long \(length)"]
      case .malformed: return results + ["malformed"]
      }
    }
  }
  return results + [reader.isWithinMessage ? "within" : "end"]
}

/// What is written must be read back.
private func fuzzStatus(_ bytes: UnsafeRawBufferPointer) {
  if let text = String(validating: bytes, as: UTF8.self) {
    var written = Bytes()
    GRPCFields.appendMessage(text, to: &written)
    guard PercentEncoding.decode(String(decoding: written, as: UTF8.self)) == text else {
      fatalError("a status message changes on its way")
    }
  }
  var prefix = Bytes()
  GRPCFields.appendPrefix(bytes.count, isCompressed: bytes.count & 1 == 1, to: &prefix)
  prefix.withUnsafeBytes { prefix in
    var reader = GRPCMessageReader(maximumBytes: 1)
    var offset = 0
    switch reader.next(prefix, &offset) {
    case .tooLong(let length):
      guard length == bytes.count, length > 1 else { fatalError("a prefix changes on its way") }
    default:
      guard bytes.count <= 1 else { fatalError("a prefix is not read") }
    }
  }
}

/// Lines of `name value` as header fields.
private func fuzzBlock(_ bytes: UnsafeRawBufferPointer, _ block: HTTP2HeaderBlock) {
  for line in bytes.split(separator: 10) {
    let end = line.firstIndex(of: 32) ?? line.endIndex
    let name = UnsafeRawBufferPointer(rebasing: bytes[line.startIndex..<end])
    let value = UnsafeRawBufferPointer(rebasing: bytes[min(end + 1, line.endIndex)..<line.endIndex])
    if !name.isEmpty { block.append(name, value) }
  }
  checkSameness(block)
  for separates in [true, false] {
    switch block.makeRequest(separatesGRPC: separates) {
    case .failure: continue
    case .success(let request):
      guard !block.isTooLarge, !request.head.method.isEmpty, request.head.headers.contains("host") else {
        fatalError("a request without a method or a host, or of too many fields")
      }
    }
  }
  block.reset()
  guard block.size == 0, block.bytes.isEmpty, block.timeout == .none, !block.isTooLarge else {
    fatalError("a block that was reset holds something")
  }
}

/// A block is the same as its own bytes, and as nothing else.
private func checkSameness(_ block: HTTP2HeaderBlock) {
  var others = block.bytes
  guard block.hasSameFields(as: others) else { fatalError("a block differs from itself") }
  guard !block.hasSameFields(as: others + [0]) else { fatalError("a block is the same as a longer one") }
  for index in [0, others.count - 1] where others.indices.contains(index) {
    others[index] ^= 1
    guard !block.hasSameFields(as: others) else { fatalError("a block is the same as another") }
    others[index] ^= 1
  }
}
