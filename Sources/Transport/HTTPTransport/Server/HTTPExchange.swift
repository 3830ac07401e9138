public import Basics
public import HTTPWire

/// One request and the way back to its client. Every call may come from any thread unless said otherwise; calls after
/// the end are ignored.
public final class HTTPExchange: @unchecked Sendable {
  public let loop: EventLoop
  /// `127.0.0.1:40312`
  public let remoteAddress: String

  init(loop: EventLoop, remoteAddress: String) {
    self.loop = loop
    self.remoteAddress = remoteAddress
  }

  /// The whole answer. Content-Length is added.
  public func respond(_ head: HTTPResponseHead, body: Bytes) {}

  /// The whole answer out of a view; only on the loop's thread.
  public func respond(_ head: HTTPResponseHead, body: UnsafeRawBufferPointer) {}

  /// Starts an answer whose body follows by `sendBody`: with the head's Content-Length where it has one, else chunked.
  public func sendHead(_ head: HTTPResponseHead) {}

  /// - Returns: false where much is waiting already: hold back until `responseWritable` (streaming face).
  @discardableResult
  public func sendBody(_ bytes: Bytes) -> Bool { true }

  /// A piece out of a view; only on the loop's thread.
  @discardableResult
  public func sendBody(_ bytes: UnsafeRawBufferPointer) -> Bool { true }

  /// Ends an answer begun by `sendHead`.
  public func finish() {}

  /// Breaks the connection off, so that the client sees that the answer is incomplete.
  public func abort() {}

  /// The client has gone (or closed its side of the connection): work for it may stop.
  public var isCancelled: Bool { false }

  /// Streaming face, only on the loop's thread: no further body pieces until `resumeRequest`.
  public func pauseRequest() {}
  public func resumeRequest() {}
}
