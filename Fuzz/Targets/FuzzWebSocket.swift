// fuzz: module=HTTPWire reader=Sources/Protocols/HTTPWire/WebSocket
import Basics
import HTTPWire

/// Any bytes as what a client sends on a WebSocket: what is read must not depend on how the bytes arrive, and is
/// written as a frame that a client could read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWebSocket(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Bytes(UnsafeBufferPointer(start: start, count: count))
  let whole = read(bytes, step: max(1, count))
  guard whole == read(bytes, step: 1) else { fatalError("the arrival of the bytes changes what is read") }
  #if PLANTED_BUG
    if whole.contains("text 2") { fatalError("planted bug") }
  #endif
  return 0
}

/// A word for each message, and for the error that ends them.
private func read(_ bytes: Bytes, step: Int) -> [String] {
  var parser = WebSocketParser(maximumBytes: 1000)
  var results: [String] = []
  for start in stride(from: 0, to: bytes.count, by: step) {
    parser.append(Bytes(bytes[start..<min(bytes.count, start + step)]))
    do {
      while let message = try parser.next() {
        results.append(word(message))
        check(WebSocketSerializer.frame(message))
      }
    } catch {
      return results + ["\(error.code) \(error)"]
    }
  }
  return results
}

private func word(_ message: WebSocketMessage) -> String {
  switch message {
  case .text(let text): "text \(text.count)"
  case .binary(let bytes): "binary \(bytes.count)"
  case .ping(let bytes): "ping \(bytes.count)"
  case .pong(let bytes): "pong \(bytes.count)"
  case .close(let code): "close \(code.map { "\($0)" } ?? "")"
  }
}

/// A whole frame that is not masked, whose length is what follows.
private func check(_ frame: Bytes) {
  guard frame.count >= 2, frame[0] & 0x80 != 0, frame[1] & 0x80 == 0 else { fatalError("no whole frame") }
  let isLong = frame[1] == 126
  guard isLong || frame[1] < 126, !isLong || frame.count >= 4 else {
    fatalError("a length that is not needed")
  }
  let length = isLong ? Int(frame[2]) << 8 | Int(frame[3]) : Int(frame[1])
  guard frame.count == length + (isLong ? 4 : 2) else { fatalError("another length than its own") }
}
