import Formats
import HTTPWire
import InferenceProtocol
import ModelRuntime
import Testing

@testable import ModelServer

/// Binary tensors, statistics, the repository's index and configuration.
struct V2ExtensionsTests {
  private let header = "Inference-Header-Content-Length"

  private func infer(
    _ fixture: ServingFixture, json: String, tail: [UInt8], isOwned: Bool = false
  ) async -> ServingFixture.Answer {
    await fixture.call(
      "POST", "/v2/models/iris/infer", bytes: Array(json.utf8) + tail,
      headers: [header: String(json.utf8.count), "Content-Type": "application/octet-stream"],
      isOwned: isOwned)
  }

  private func bytes<Value>(_ values: [Value]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  @Test func binaryInBinaryOut() async throws {
    let fixture = try ServingFixture()
    let answer = await infer(
      fixture,
      json: "{\"id\":\"b\",\"parameters\":{\"binary_data_output\":true},\"inputs\":[{\"name\":\"x\","
        + "\"shape\":[2,2],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":16}}]}",
      tail: bytes([1, 2, 3, 4] as [Float]))
    #expect(answer.status == 200)
    #expect(answer.headers["Content-Type"] == "application/octet-stream")
    let length = try #require(answer.headers[header].flatMap { Int($0) })
    let json = try JSONValue(parsing: Array(answer.bytes[..<length]))
    #expect(json["id"] == "b")
    #expect(json["outputs"]?[0]?["parameters"] == ["binary_data_size": 16])
    #expect(json["outputs"]?[0]?["data"] == nil)
    #expect(Array(answer.bytes[length...]) == bytes([3.0, 7.0]))
  }

  @Test("long tensors of owned bodies are the same", arguments: [true, false])
  func longTensors(isOwned: Bool) async throws {
    let rows = 50_000
    let values = (0..<rows * 2).map { Float($0 % 100) }
    let json =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[\(rows),2],\"datatype\":\"FP32\","
      + "\"parameters\":{\"binary_data_size\":\(rows * 8)}}]}"
    let answer = await infer(try ServingFixture(), json: json, tail: bytes(values), isOwned: isOwned)
    #expect(answer.status == 200)
    #expect(answer.json?["outputs"]?[0]?["data"]?[1] == .number(JSONNumber(uncheckedText: "5.0")))
  }

  @Test(
    "wrong binary requests are refused",
    arguments: [
      ("-1", 400, "the header 'inference-header-content-length' is no length: '-1'"),
      ("9999", 400, "the header 'inference-header-content-length' says 9999, but the body has 2 bytes"),
      ("x", 400, "the header 'inference-header-content-length' is no length: 'x'"),
    ])
  func wrongHeaders(value: String, status: Int, message: String) async throws {
    let answer = try await ServingFixture().call(
      "POST", "/v2/models/iris/infer", "{}", headers: [header: value])
    #expect(answer.status == status)
    #expect(answer.json?["error"]?.string == message)
  }

  @Test func bytesWithoutTheHeaderAreRefusedInUpstreamsWords() async throws {
    let fixture = try ServingFixture()
    let message = "received byte inputs, but the'inference-header-content-length' header is missing."
    let garbage = await fixture.call(
      "POST", "/v2/models/iris/infer", bytes: [0, 1, 2, 3],
      headers: ["Content-Type": "application/octet-stream; q=1"])
    #expect(garbage.status == 400 && garbage.json?["error"]?.string == message)
    let announced = await fixture.call(
      "POST", "/v2/models/iris/infer",
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[1],\"datatype\":\"FP32\","
        + "\"parameters\":{\"binary_data_size\":4}}]}"
    )
    #expect(announced.status == 400 && announced.json?["error"]?.string == message)
  }

  @Test(
    "content types are compared as media types",
    arguments: [
      ("application/json; charset=utf-8", "{\"instances\":[[1,2]]}", 200),
      ("Application/JSON", "{\"instances\":[[1,2]]}", 200), ("text/plain", "{\"instances\":[[1,2]]}", 200),
      ("image/png", "{\"instances\":[[1,2]]}", 200), ("image/png", "\u{89}PNG", 415),
      ("application/json", "\u{89}PNG", 400),
    ])
  func mediaTypes(type: String, body: String, status: Int) async throws {
    let answer = try await ServingFixture().call(
      "POST", "/v1/models/iris:predict", body, headers: ["Content-Type": type])
    #expect(answer.status == status, "\(answer.body)")
  }

  @Test func requestIdsComeBack() async throws {
    let answer = try await ServingFixture().call(
      "POST", "/v1/models/iris:predict", "{\"instances\":[[1,2]]}", headers: ["X-Request-ID": "trace-7"])
    #expect(answer.headers["x-request-id"] == "trace-7")
  }

  @Test func aDeadlineThatHasPassedIsAGatewayTimeout() async throws {
    let fixture = try ServingFixture(runtime: FakeRuntime(nanosecondsPerRow: 1e9))
    let answer = await fixture.call(
      "POST", "/v2/models/iris/infer",
      "{\"parameters\":{\"timeout\":-5,\"priority\":9},\"inputs\":[{\"name\":\"x\",\"shape\":[1,2],"
        + "\"datatype\":\"FP32\",\"data\":[1,2]}]}")
    // A timeout that is none counts as none.
    #expect(answer.status == 200)
  }

  @Test func statisticsHaveTritonsShape() async throws {
    let fixture = try ServingFixture()
    for _ in 0..<2 { _ = await fixture.call("POST", "/v1/models/iris:predict", "{\"instances\":[[1,2]]}") }
    _ = await fixture.call("POST", "/v1/models/iris:predict", "{\"instances\":[[1]]}")
    for path in ["/v2/models/iris/stats", "/v2/models/stats"] {
      let row = try #require(await fixture.call("GET", path).json?["model_stats"]?[0])
      #expect(row["name"] == "iris" && row["version"] == "")
      #expect(row["inference_count"] == 2 && row["execution_count"] == 2)
      #expect(row.at("inference_stats", "success", "count") == 2)
      #expect(row.at("inference_stats", "fail", "count") == 1)
      #expect((row["last_inference"]?.int ?? 0) > 1_600_000_000_000)
      #expect(row["memory_usage"] == [["type": "CPU", "id": 0, "byte_size": 4096]])
    }
    #expect(await fixture.call("GET", "/v2/models/none/stats").status == 404)
  }

  @Test func theIndexTellsStates() async throws {
    let fixture = try ServingFixture()
    let ready = await fixture.call("POST", "/v2/repository/index", "{\"ready\":true}")
    #expect(ready.json == [["name": "iris", "state": "READY", "reason": ""]])
    _ = await fixture.call("POST", "/v2/repository/models/iris/unload")
    #expect(await fixture.call("POST", "/v2/repository/index", "{\"ready\":true}").json == [])
    let all = await fixture.call("POST", "/v2/repository/index")
    #expect(all.json == [["name": "iris", "state": "UNAVAILABLE", "reason": "unloaded"]])
    let unload = await fixture.call("POST", "/v2/repository/models/iris/versions/9/unload")
    #expect(unload.status == 404)
  }

  @Test func theConfigurationNamesTypesAsTritonDoes() async throws {
    let configuration = try await ServingFixture().call("GET", "/v2/models/iris/config").json
    #expect(configuration?["max_batch_size"] == 0)
    #expect(configuration?["input"] == [["name": "input-0", "data_type": "TYPE_FP64", "dims": [-1, 2]]])
  }

  @Test func versionsAnswerByTheirNames() async throws {
    let repository = ModelRepository(metricShards: 2, catalogue: TwoVersions())
    try repository.load("m")
    let context = ServingContext(
      repository: repository, scheduler: InferenceScheduler(loops: 1, repository: repository),
      metrics: ServerMetrics(loops: 1), loops: 1,
      options: ServingContext.Options(version: "0.1", cloudEvents: CloudEventReply()))
    let routes = InferenceRoutes(context: context)
    func get(_ path: String) -> JSONValue? {
      guard case .route(let route) = InferenceRoute.match(method: "GET", path: path[...]) else { return nil }
      return try? JSONValue(parsing: routes.describe(route, loop: 0).body)
    }
    #expect(get("/v2/models/m")?["versions"] == ["2", "1"])
    #expect(get("/v2/models/m/versions/1/ready") == ["name": "m", "ready": true])
    #expect(
      get("/v2/models/m/versions/3") == ["error": "Model with name m and version 3 does not exist."])
    let statistics = get("/v2/models/m/stats")?["model_stats"]?.array
    #expect(statistics?.map { $0["version"]?.string } == ["2", "1"])
  }

  private struct TwoVersions: ModelCatalogue {
    func names() throws(ModelLoadError) -> [String] { ["m"] }
    func sources(of name: String) throws(ModelLoadError) -> [ModelSource] {
      ["2", "1"].map { ModelSource(name: name, version: $0, path: "") }
    }
    func load(_ source: ModelSource) throws(ModelLoadError) -> any LoadedModel { FakeModel() }
  }
}
