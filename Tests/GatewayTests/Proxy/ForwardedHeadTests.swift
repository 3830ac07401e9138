import Formats
import HTTPWire
import KubeProtocol
import Testing

@testable import Gateway

struct ForwardedHeadTests {
  private func forward(
    _ head: HTTPRequestHead, filters: RouteFilters = RouteFilters(), prefix: String = ""
  ) -> HTTPRequestHead {
    let backend = Backend(service: ObjectKey(namespace: "n", name: "s"), port: 80, endpoints: [])
    let target = RouteTarget(
      route: ObjectKey(namespace: "n", name: "r"), filters: filters, timeout: nil,
      backends: [(backend, RouteFilters(), weight: 1)], matchedPrefix: prefix)
    return ForwardedHead.request(
      head, remoteAddress: "127.0.0.9:4711", target: target, backend: target.backends[0],
      random: FixedRandom(value: 1))
  }

  @Test func dropsWhatConcernsOneConnectionOnly() {
    let head = HTTPRequestHead(
      method: "POST", target: "/x",
      headers: [
        "Host": "h:80", "Connection": "close, X-Drop", "X-Drop": "1", "Keep-Alive": "5", "TE": "trailers",
        "Transfer-Encoding": "chunked", "Upgrade": "h2c", "Expect": "100-continue", "Accept": "a",
        "X-Keep": "2",
      ])
    let names = forward(head).headers.fields.map { $0.name.lowercased() }
    #expect(
      names == [
        "host", "accept", "x-keep", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
        "x-request-id",
      ])
  }

  @Test func noClientCanHaveAFieldDroppedThatTheRequestNeeds() {
    let needed = ["Host", "Content-Length", "Content-Type", "Content-Encoding", "Authorization", "Cookie"]
    for name in needed {
      let head = HTTPRequestHead(
        method: "POST", target: "/",
        headers: HTTPHeaders(
          [("Connection", name.lowercased())]
            + needed.map { ($0, "v") }))
      let names = forward(head).headers.fields.map(\.name)
      #expect(names.filter { needed.contains($0) } == needed)
      #expect(!names.contains("Connection"))
    }
  }

  @Test func tellsWhereTheRequestCameFrom() {
    let head = HTTPRequestHead(
      method: "GET", target: "/",
      headers: [
        "Host": "h:81", "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Request-Id": "abc",
      ])
    let headers = forward(head).headers
    #expect(headers["X-Forwarded-For"] == "1.2.3.4, 127.0.0.9")
    #expect(headers.all("X-Forwarded-Proto") == ["http"])
    #expect(headers["X-Forwarded-Host"] == "h:81")
    #expect(headers.all("X-Request-Id") == ["abc"])
    #expect(headers["Host"] == "h:81")
  }

  @Test func appliesHeaderEditsAndRewrites() {
    var filters = RouteFilters()
    filters.requestHeaders = HeaderEdits(
      set: [("KServe-Isvc-Name", "iris")], add: [("X-Add", "1")], remove: ["x-secret"])
    filters.hostname = "inner"
    filters.path = .prefix("/")
    let head = HTTPRequestHead(
      method: "GET", target: "/serving/iris/v1/models?x=1",
      headers: ["Host": "h", "kserve-isvc-name": "forged", "X-Secret": "s"])
    let forwarded = forward(head, filters: filters, prefix: "/serving/iris")
    #expect(forwarded.target == "/v1/models?x=1")
    #expect(forwarded.headers.all("KServe-Isvc-Name") == ["iris"])
    #expect(forwarded.headers["X-Add"] == "1")
    #expect(forwarded.headers["X-Secret"] == nil)
    #expect(forwarded.headers["Host"] == "inner")
  }

  @Test(
    "prefixes are replaced by whole elements",
    arguments: [
      ("/a", "/b", "/a/c", "/b/c"), ("/a", "/", "/a/c", "/c"), ("/a", "/", "/a", "/"),
      ("", "/b", "/c", "/b/c"),
      ("/a", "/b/", "/a/c", "/b/c"),
    ])
  func rewrites(prefix: String, replacement: String, path: String, result: String) {
    var filters = RouteFilters()
    filters.path = .prefix(replacement)
    let head = HTTPRequestHead(method: "GET", target: path, headers: ["Host": "h"])
    #expect(forward(head, filters: filters, prefix: prefix).target == result)
  }
}
