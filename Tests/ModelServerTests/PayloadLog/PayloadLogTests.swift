import Basics
import HTTPTransport
import HTTPWire
import Linux
import Testing

@testable import ModelServer

struct PayloadLogTests {
  /// Takes in what is posted to it.
  private final class Sink: AsyncHTTPHandler {
    let events: AsyncStream<(HTTPHeaders, Bytes)>
    private let received: AsyncStream<(HTTPHeaders, Bytes)>.Continuation

    init() { (events, received) = AsyncStream.makeStream() }

    func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse {
      received.yield((request.head.headers, request.body))
      return AsyncHTTPResponse(head: .init(status: 202), body: .bytes([]))
    }
  }

  private let head = HTTPRequestHead(
    method: "POST", target: "/v1/models/iris:predict",
    headers: ["Ce-Id": "7", "Content-Type": "application/json", "X-Tenant": "blue"])

  @Test func theVariablesSayWhatIsCopied() throws {
    let variables = [
      "APUS_LOG_URL": "http://sink", "APUS_LOG_MODE": "request", "APUS_LOG_SOURCE": "pod-1",
      "APUS_LOG_INFERENCE_SERVICE": "iris", "APUS_LOG_NAMESPACE": "", "APUS_LOG_METADATA_HEADERS": "A,B",
    ]
    let settings = try #require(try PayloadLogSettings { variables[$0] })
    #expect(settings.mode == .request)
    #expect(settings.source == "pod-1")
    #expect(settings.attributes.map(\.name) == ["inferenceservicename"])
    #expect(settings.metadataHeaders == ["A", "B"])
    #expect(try PayloadLogSettings { _ in nil } == nil)
  }

  @Test(arguments: [["URL": "ftp://sink"], ["URL": "http://sink", "MODE": "some"]])
  func nonsenseIsRefused(_ variables: [String: String]) {
    #expect(throws: PayloadLogSettings.Problem.self) {
      try PayloadLogSettings { variables[String($0.dropFirst("APUS_LOG_".count))] }
    }
  }

  @Test func requestAndAnswerBecomeEvents() async throws {
    let group = try EventLoopGroup(loops: 1, name: "sink")
    let sink = Sink()
    let server = HTTPServer(group: group, handler: .async(sink))
    let port = try #require(try server.listenOnLoopback(port: 0).first?.port)
    var settings = PayloadLogSettings(url: "http://127.0.0.1:\(port)/in")
    settings.source = "pod-1"
    settings.attributes = [("namespace", "team")]
    settings.metadataHeaders = ["X-Tenant", "Absent"]
    let log = try PayloadLog(settings)
    log.begin()
    let id = log.request(head, Bytes("{}".utf8))
    #expect(id == "7")
    log.response("7", to: head, status: 200, contentType: "application/json", Bytes("[]".utf8))
    log.response("7", to: head, status: 500, contentType: "application/json", Bytes("no".utf8))
    var found: [String: (HTTPHeaders, Bytes)] = [:]
    for await event in sink.events {
      found[event.0["ce-type"] ?? ""] = event
      if found.count == 2 { break }
    }
    let request = try #require(found["org.kubeflow.serving.inference.request"])
    #expect(request.1 == Bytes("{}".utf8))
    #expect(found["org.kubeflow.serving.inference.response"]?.1 == Bytes("[]".utf8))
    #expect(request.0["ce-id"] == "7" && request.0["ce-source"] == "pod-1")
    #expect(request.0["ce-namespace"] == "team")
    #expect(request.0["ce-metadata"] == #"{"X-Tenant":["blue"]}"#)
    await log.finish()
    await server.drain(timeout: .seconds(1))
    await group.shutdown()
  }

  @Test func onlyTheWantedHalfIsCopiedAndNothingOfProbes() throws {
    var settings = PayloadLogSettings(url: "http://127.0.0.1:1/")
    settings.mode = .response
    let log = try PayloadLog(settings)
    #expect(log.request(HTTPRequestHead(method: "GET", target: "/", headers: [:]), []) == nil)
    #expect(log.request(head, Bytes(repeating: 0, count: 9)) == "7")
    #expect(log.waiting == 0, "requests are not wanted")
  }

  @Test func whatFindsNoRoomIsDropped() throws {
    // Nobody sends: it was not begun.
    let log = try PayloadLog(PayloadLogSettings(url: "http://127.0.0.1:1/"))
    for _ in 0..<PayloadLog.eventLimit + 5 { _ = log.request(head, []) }
    #expect(log.waiting == PayloadLog.eventLimit)
    #expect(log.dropped == 5)
    let large = try PayloadLog(PayloadLogSettings(url: "http://127.0.0.1:1/"))
    _ = large.request(head, Bytes(repeating: 0, count: PayloadLog.byteLimit))
    _ = large.request(head, [1])
    #expect(large.waiting == 1 && large.dropped == 1)
  }
}
