// fuzz: module=HTTPWire reader=Sources/Protocols/HTTPWire/GRPC,Sources/Protocols/HTTPWire/HTTP2
import HTTPWire

/// The first byte chooses how the rest arrives and which limit holds; the rest is a stream of gRPC messages: what
/// is read must not depend on how the bytes arrive. The same bytes are also read as a header block's fields.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGRPCFraming(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 1 else { return 0 }
  let bytes = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
  let limit = start[0] & 1 == 0 ? 64 : 100_000
  let whole = readMessages(bytes, limit: limit, step: bytes.count)
  let pieces = readMessages(bytes, limit: limit, step: Int(start[0] >> 1) + 1)
  guard whole == pieces else { fatalError("the arrival of the bytes changes what is read: \(whole) \(pieces)") }
  #if PLANTED_BUG
    if whole.contains("message 7 true") { fatalError("planted bug") }
  #endif
  _ = GRPCFields.timeout(bytes)
  fuzzBlock(bytes)
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

/// Lines of `name value` as header fields.
private func fuzzBlock(_ bytes: UnsafeRawBufferPointer) {
  let block = HTTP2HeaderBlock()
  for line in bytes.split(separator: 10) {
    let end = line.firstIndex(of: 32) ?? line.endIndex
    let name = UnsafeRawBufferPointer(rebasing: bytes[line.startIndex..<end])
    let value = UnsafeRawBufferPointer(rebasing: bytes[min(end + 1, line.endIndex)..<line.endIndex])
    if !name.isEmpty { block.append(name, value) }
  }
  if block.isTooLarge { return }
  guard block.hasSameFields(as: block.bytes) else { fatalError("a block differs from itself") }
  for separates in [true, false] {
    guard case .success(let request) = block.makeRequest(separatesGRPC: separates) else { continue }
    guard !request.head.method.isEmpty, request.head.headers.contains("host") else {
      fatalError("a request without a method or a host")
    }
  }
}
