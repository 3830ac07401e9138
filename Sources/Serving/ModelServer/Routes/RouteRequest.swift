internal import Basics
internal import HTTPWire

/// A request's body: a view that is valid during the call only, or bytes of its own.
enum RequestBody {
  case view(UnsafeRawBufferPointer)
  case owned(ArraySlice<UInt8>)

  var count: Int {
    switch self {
    case .view(let bytes): bytes.count
    case .owned(let bytes): bytes.count
    }
  }

  /// The bytes, copied where they are a view.
  var bytes: ArraySlice<UInt8> {
    switch self {
    case .view(let view): Bytes(view)[...]
    case .owned(let bytes): bytes
    }
  }

  func withBytes<Value>(_ body: (UnsafeRawBufferPointer, _ owner: ArraySlice<UInt8>?) -> Value) -> Value {
    switch self {
    case .view(let view): body(view, nil)
    case .owned(let bytes): bytes.withUnsafeBytes { body($0, bytes) }
    }
  }
}

/// One request as the routes see it, on the loop that read it.
struct RouteRequest {
  let head: HTTPRequestHead
  let body: RequestBody
  /// The loop's index, which is its metrics shard too.
  let loop: Int
  /// Whether the client has gone.
  let isCancelled: (@Sendable () -> Bool)?
  /// Called once, on any thread, with that thread's metrics shard.
  let reply: @Sendable (ServerAnswer, _ shard: Int) -> Void
}
