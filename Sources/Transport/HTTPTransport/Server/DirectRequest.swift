public import HTTPWire

/// A plain `POST` of JSON that lies complete in the receive buffer. Its views are valid during the call only.
public struct DirectRequest {
  /// Path and query as they were sent.
  public let target: UnsafeRawBufferPointer
  public let body: UnsafeRawBufferPointer
  /// Index of the loop that calls.
  public let loop: Int

  public init(target: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, loop: Int) {
    self.target = target
    self.body = body
    self.loop = loop
  }
}

extension BufferedHTTPHandler {
  public var answersDirectly: Bool { false }

  public func answerDirectly(
    _ request: DirectRequest, into answer: UnsafeMutableRawBufferPointer
  ) -> Int? { nil }

  public func alignedOffset(in head: HTTPRequestHead) -> Int { 0 }

  public func handle(_ head: HTTPRequestHead, ownedBody body: ArraySlice<UInt8>, exchange: HTTPExchange) {
    body.withUnsafeBytes { handle(head, body: $0, exchange: exchange) }
  }
}
