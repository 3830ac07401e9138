public import Basics
public import HTTPWire

/// The three faces of a server; one is chosen per server.
public enum HTTPServerHandler: Sendable {
  /// On the loop, whole bodies: model server.
  case buffered(any BufferedHTTPHandler)
  /// On the loop, bodies in pieces, with back-pressure: gateway.
  case streaming(any StreamingHTTPHandler)
  /// In a task, whole request bodies, streamed answers: control plane.
  case async(any AsyncHTTPHandler)
}

/// Answers requests on the loop's thread; must not block.
public protocol BufferedHTTPHandler: Sendable {
  /// On the loop's thread; `body` is valid during the call only. Answer now, or keep `exchange` and answer
  /// later from any thread. An exchange that is let go unanswered answers 500.
  func handle(_ head: HTTPRequestHead, body: UnsafeRawBufferPointer, exchange: HTTPExchange)

  /// As above, with a long body that was received in memory of its own, which the handler may keep.
  func handle(_ head: HTTPRequestHead, ownedBody: ArraySlice<UInt8>, exchange: HTTPExchange)

  /// Where in a long body the part begins that should lie at a multiple of 64 bytes.
  func alignedOffset(in head: HTTPRequestHead) -> Int

  /// Whether `answerDirectly` is worth a try; asked once per server.
  var answersDirectly: Bool { get }

  /// Answers a plain request without any of the above: status 200, `application/json`. On the loop's thread.
  /// - Parameter answer: where the body goes.
  /// - Returns: the length of the body; nil where `handle` must answer, and nothing was done then.
  func answerDirectly(_ request: DirectRequest, into answer: UnsafeMutableRawBufferPointer) -> Int?
}

/// Takes requests in pieces on the loop's thread; must not block.
public protocol StreamingHTTPHandler: Sendable {
  /// A head has come. What is returned gets the body and is kept until the exchange ends.
  func begin(_ head: HTTPRequestHead, exchange: HTTPExchange) -> any HTTPRequestReceiver
}

/// One request's events, all on the loop's thread. Not Sendable: it never leaves the loop.
public protocol HTTPRequestReceiver: AnyObject {
  /// A piece of the body; the view is valid during the call only. `exchange.pauseRequest()` stops further
  /// ones.
  func requestBody(_ bytes: UnsafeRawBufferPointer)
  /// The whole body has come.
  func requestEnd()
  /// The client went away, sent nonsense or was too slow, or the server stops: nothing more comes, nothing
  /// can be sent.
  func requestCancelled()
  /// After `sendBody` returned false: the client has taken enough to go on.
  func responseWritable()
}

/// A request as the async face hands it over.
public struct AsyncHTTPRequest: Sendable {
  public var head: HTTPRequestHead
  public var body: Bytes
  /// `127.0.0.1:40312`
  public var remoteAddress: String

  public init(head: HTTPRequestHead, body: Bytes = [], remoteAddress: String = "") {
    self.head = head
    self.body = body
    self.remoteAddress = remoteAddress
  }
}

/// An answer of the async face.
public struct AsyncHTTPResponse: Sendable {
  public enum Body: Sendable {
    case bytes(Bytes)
    /// Chunked as it comes, each element at once. Elements are taken only as fast as the client reads. When
    /// the client goes away the consuming task is cancelled, which ends the stream (`onTermination`).
    case stream(AsyncThrowingStream<Bytes, any Error>)
  }

  public var head: HTTPResponseHead
  public var body: Body

  public init(head: HTTPResponseHead, body: Body) {
    self.head = head
    self.body = body
  }
}

/// Answers requests in tasks, a bounded number at a time.
public protocol AsyncHTTPHandler: Sendable {
  /// The task is cancelled when the connection breaks.
  func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse
}
