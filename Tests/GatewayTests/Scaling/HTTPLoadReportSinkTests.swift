import Formats
import HTTPTransport
import HTTPWire
import KubeProtocol
import ServingAPI
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(1)))
struct HTTPLoadReportSinkTests {
  private let report = LoadReport(
    gateway: "a", interval: .seconds(1),
    loads: [.init(service: ObjectKey(namespace: "n", name: "s"), requestSeconds: 1.5, arrivals: 3)])

  @Test func reportsArePosted() async throws {
    let (received, source) = AsyncStream.makeStream(of: AsyncHTTPRequest.self)
    let leader = try Upstream { request in
      source.yield(request)
      return AsyncHTTPResponse(head: HTTPResponseHead(status: 202), body: .bytes([]))
    }
    let group = try EventLoopGroup(loops: 1, name: "sink")
    let url = "http://\(leader.address)/load"
    await HTTPLoadReportSink(client: HTTPClient(group: group)) { url }.receive(report)
    var iterator = received.makeAsyncIterator()
    let request = await iterator.next()
    #expect(request?.head.method == "POST")
    #expect(try LoadReport(json: JSONValue(parsing: request?.body ?? [])) == report)
    await leader.shutDown()
    await group.shutdown()
  }

  @Test func whatCannotBeDeliveredIsDropped() async throws {
    let gone = try Upstream(named: "gone")
    await gone.shutDown()
    let group = try EventLoopGroup(loops: 1, name: "sink")
    let url = "http://\(gone.address)/load"
    // Both return: nothing waits for a leader.
    await HTTPLoadReportSink(client: HTTPClient(group: group)) { url }.receive(report)
    await HTTPLoadReportSink(client: HTTPClient(group: group)) { nil }.receive(report)
    await group.shutdown()
  }
}
