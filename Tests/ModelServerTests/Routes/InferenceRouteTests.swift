import Testing

@testable import ModelServer

struct InferenceRouteTests {
  @Test(
    "paths are found",
    arguments: [
      ("GET", "/", InferenceRoute.liveness), ("GET", "/metrics", .metrics), ("GET", "/v1/models", .v1Models),
      ("GET", "/v1/models/iris", .v1Model("iris")), ("POST", "/v1/models/iris:predict", .v1Predict("iris")),
      ("POST", "/v1/models/a:b:predict", .v1Predict("a:b")),
      ("POST", "/v1/models/iris:explain", .v1Explain("iris")),
      ("GET", "/v2", .v2Server), ("GET", "/v2/", .v2Server), ("GET", "/v2/health/live", .v2Live),
      ("GET", "/v2/health/ready", .v2Ready), ("GET", "/v2/models", .v2Models),
      ("GET", "/v2/models/iris", .v2Model("iris", version: nil)),
      ("GET", "/v2/models/iris/versions/1", .v2Model("iris", version: "1")),
      ("GET", "/v2/models/iris/ready", .v2ModelReady("iris", version: nil)),
      ("GET", "/v2/models/iris/versions/1/ready", .v2ModelReady("iris", version: "1")),
      ("POST", "/v2/models/iris/infer", .v2Infer("iris", version: nil)),
      ("POST", "/v2/models/iris/versions/1/infer", .v2Infer("iris", version: "1")),
      ("POST", "/v2/models/my%20m%C3%A4/infer", .v2Infer("my mä", version: nil)),
      ("POST", "/v2/repository/models/iris/load", .load("iris")),
      ("POST", "/v2/repository/models/iris/unload", .unload("iris", version: nil)),
      ("POST", "/v2/repository/models/iris/versions/2/unload", .unload("iris", version: "2")),
      ("GET", "/v2/models/stats", .v2Statistics(nil, version: nil)),
      ("GET", "/v2/models/iris/stats", .v2Statistics("iris", version: nil)),
      ("GET", "/v2/models/iris/versions/3/stats", .v2Statistics("iris", version: "3")),
      ("GET", "/v2/models/iris/config", .v2ModelConfiguration("iris", version: nil)),
    ])
  func finds(method: String, path: String, route: InferenceRoute) {
    #expect(InferenceRoute.match(method: method, path: path[...]) == .route(route))
  }

  @Test(
    "other paths are not",
    arguments: [
      "", "x", "/x", "/v1", "/v1/models/a/b", "/v2/models/a/b", "/v2/health", "/v2/health/dead",
      "/v2/models/a/versions",
    ])
  func finds(path: String) {
    #expect(InferenceRoute.match(method: "GET", path: path[...]) == .notFound)
  }

  @Test func otherMethodsAreNotAllowed() {
    #expect(InferenceRoute.match(method: "POST", path: "/v1/models") == .methodNotAllowed(allow: "GET"))
    #expect(
      InferenceRoute.match(method: "GET", path: "/v1/models/a:predict") == .methodNotAllowed(allow: "POST"))
    #expect(
      InferenceRoute.match(method: "PUT", path: "/v2/models/a/infer") == .methodNotAllowed(allow: "POST"))
  }

  @Test(
    "malformed names are refused",
    arguments: [
      "/v1/models/a%", "/v1/models/a%2", "/v1/models/a%zz", "/v1/models/%ff", "/v1/models/a%00",
      "/v1/models/a%2Fb",
      "/v1/models/a%0A", "/v2/models/a/versions/%zz/ready",
      "/v1/models/" + String(repeating: "a", count: 600),
    ])
  func refuses(path: String) {
    #expect(InferenceRoute.match(method: "GET", path: path[...]) == .invalidName)
  }
}
