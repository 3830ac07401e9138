import Basics
import Formats
import HTTPWire
import InferenceProtocol
import Linux
import ModelRuntime
import TestSupport
import Testing

@testable import ModelServer

struct InferenceRoutesTests {
  @Test(
    "a coded body is refused by its coding's name",
    arguments: [
      ("gzip", 415), ("deflate, identity", 415), ("br", 415), ("", 200), ("identity", 200), ("Identity", 200),
    ])
  func codings(coding: String, status: Int) async throws {
    let fixture = try ServingFixture()
    for path in ["/v1/models/iris:predict", "/v2/models/iris/infer"] {
      let body =
        path.hasPrefix("/v1")
        ? "{\"instances\":[[1,2]]}"
        : "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP64\",\"shape\":[1,2],\"data\":[1,2]}]}"
      let answer = await fixture.call("POST", path, body, headers: ["Content-Encoding": coding])
      #expect(answer.status == status, "\(answer)")
      if status == 415 {
        #expect(answer.body.contains("the request body is coded as '\(coding)', which is not supported here"))
      }
    }
  }

  @Test(
    "each endpoint answers as upstream's does",
    arguments: [
      ("GET", "/", "", 200, "{\"status\":\"alive\"}"),
      ("GET", "/v1/models", "", 200, "{\"models\":[\"iris\"]}"),
      ("GET", "/v1/models/iris", "", 200, "{\"name\":\"iris\",\"ready\":true}"),
      ("GET", "/v1/models/none", "", 404, "{\"error\":\"Model with name none does not exist.\"}"),
      (
        "POST", "/v1/models/iris:predict", "{\"instances\":[[1,2],[3,4]]}", 200, "{\"predictions\":[3.0,7.0]}"
      ),
      ("POST", "/v1/models/iris:predict?x=1", "{\"inputs\":[[1,2.5]]}", 200, "{\"predictions\":[3.5]}"),
      ("POST", "/v1/models/none:predict", "{", 404, "{\"error\":\"Model with name none does not exist.\"}"),
      (
        "POST", "/v1/models/iris:predict", "{\"x\":1}", 400,
        "{\"error\":\"Expected \\\"instances\\\" to be a list\"}"
      ),
      (
        "POST", "/v1/models/iris:predict", "", 400,
        "{\"error\":\"Unrecognized request format: invalid JSON at byte 0: a value is missing\"}"
      ),
      (
        "POST", "/v1/models/iris:predict", "{\"instances\":[[1]]}", 400,
        "{\"error\":\"X has shape [1, 1], but the model expects [rows, 2]\"}"
      ),
      (
        "POST", "/v1/models/iris:predict", "{\"instances\":[[666,1]]}", 500, "{\"error\":\"the model broke\"}"
      ),
      (
        "POST", "/v1/models/iris:explain", "{}", 501,
        "{\"error\":\"Model with name iris does not support explain: it has no explainer.\"}"
      ),
      (
        "GET", "/v2", "", 200,
        "{\"name\":\"kserve\",\"version\":\"0.1\",\"extensions\":[\"model_repository_extension\","
          + "\"binary_tensor_data\",\"model_repository\",\"model_repository(unload_dependents)\","
          + "\"statistics\","
          + "\"model_configuration\",\"schedule_policy\"]}"
      ),
      ("GET", "/v2/health/live", "", 200, "{\"live\":true}"),
      ("GET", "/v2/health/ready", "", 200, "{\"ready\":true}"),
      ("GET", "/v2/models", "", 200, "{\"models\":[\"iris\"]}"),
      (
        "GET", "/v2/models/iris", "", 200,
        "{\"name\":\"iris\",\"versions\":null,\"platform\":\"sklearn\","
          + "\"inputs\":[{\"name\":\"input-0\",\"datatype\":\"FP64\",\"shape\":[-1,2]}],"
          + "\"outputs\":[{\"name\":\"output-0\",\"datatype\":\"FP64\",\"shape\":[-1]}]}"
      ),
      ("GET", "/v2/models/iris/ready", "", 200, "{\"name\":\"iris\",\"ready\":true}"),
      ("GET", "/v2/models/iris/versions/1", "", 501, "{\"error\":\"Model versioning not supported yet.\"}"),
      (
        "POST", "/v2/models/iris/infer",
        "{\"id\":\"7\",\"inputs\":[{\"name\":\"i\",\"shape\":[1,2],\"datatype\":\"FP32\",\"data\":[1,2]}]}",
        200,
        "{\"model_name\":\"iris\",\"model_version\":null,\"id\":\"7\",\"parameters\":null,\"outputs\":["
          + "{\"name\":\"output-0\",\"shape\":[1],\"datatype\":\"FP64\",\"parameters\":null,\"data\":[3.0]}]}"
      ),
      (
        "POST", "/v2/models/iris/infer",
        "{\"inputs\":[{\"name\":\"i\",\"shape\":[1,2],\"datatype\":\"FP32\",\"data\":[1,2]}],"
          + "\"outputs\":[{\"name\":\"o\"}]}", 400,
        "{\"error\":\"Unexpected inference output 'o' for model 'iris'\"}"
      ),
      ("POST", "/v2/repository/models/iris/load", "", 200, "{\"name\":\"iris\",\"load\":true}"),
      (
        "POST", "/v2/repository/models/none/unload", "", 404,
        "{\"error\":\"Model with name none does not exist.\"}"
      ),
      ("GET", "/nowhere", "", 404, "{\"detail\":\"Not Found\"}"),
      ("PUT", "/v1/models/iris:predict", "", 405, "{\"detail\":\"Method Not Allowed\"}"),
      ("GET", "/v1/models/%zz", "", 400, "{\"error\":\"the model's name in the path is malformed\"}"),
    ])
  func answers(method: String, target: String, body: String, status: Int, text: String) async throws {
    let answer = try await ServingFixture().call(method, target, body)
    #expect(answer.status == status)
    #expect(answer.body == text)
  }

  @Test func aGeneratedIdIsAVersion4UUID() async throws {
    let body = "{\"inputs\":[{\"name\":\"i\",\"shape\":[1,2],\"datatype\":\"FP32\",\"data\":[1,2]}]}"
    let answer = try await ServingFixture().call("POST", "/v2/models/iris/infer", body)
    #expect(answer.body.contains("\"id\":\"00000000-0000-4000-8000-000000000000\""))
  }

  @Test func theContentTypeDoesNotMatter() async throws {
    let answer = try await ServingFixture().call(
      "POST", "/v1/models/iris:predict", "{\"instances\":[[1,2]]}",
      headers: ["Content-Type": "application/x-www-form-urlencoded"])
    #expect(answer.status == 200)
  }

  @Test func longBodiesAreDecodedWhereTheyAreComputed() async throws {
    let fixture = try ServingFixture()
    let rows = Array(repeating: "[1.25,2.5]", count: 8000).joined(separator: ",")
    let answer = await fixture.call("POST", "/v1/models/iris:predict", "{\"instances\":[\(rows)]}")
    #expect(answer.status == 200)
    #expect(answer.body.hasPrefix("{\"predictions\":[3.75,3.75,"))
    let broken = await fixture.call("POST", "/v1/models/iris:predict", "{\"instances\":[\(rows)]")
    #expect(broken.status == 400)
  }

  @Test func aModelThatDidNotLoadIsNotReadyAndSaysWhy() async throws {
    let fixture = try ServingFixture(model: "garbage")
    let message = "Model with name iris is not ready. \(fixture.folder.path)/model.pkl is no fake model"
    for (method, target) in [
      ("GET", "/v1/models/iris"), ("GET", "/v2/models/iris/ready"), ("POST", "/v1/models/iris:predict"),
    ] {
      let answer = await fixture.call(method, target, "{\"instances\":[[1,2]]}")
      #expect(answer.status == 503)
      #expect(answer.body == "{\"error\":\"\(message)\"}")
    }
    #expect(await fixture.call("GET", "/v2/health/ready").body == "{\"error\":\"Server is not ready.\"}")
    #expect(await fixture.call("GET", "/v2/health/live").status == 200)
  }

  @Test func aFailedReloadLeavesTheOldVersionServing() async throws {
    let fixture = try ServingFixture()
    try fixture.folder.file("model.pkl", "garbage")
    #expect(await fixture.call("POST", "/v2/repository/models/iris/load").status == 503)
    #expect(await fixture.call("POST", "/v1/models/iris:predict", "{\"instances\":[[1,2]]}").status == 200)
    try fixture.folder.file("model.pkl", "sum")
    #expect(await fixture.call("POST", "/v2/repository/models/iris/load").status == 200)
  }

  @Test func anUnloadedModelIsNotReadyUntilItIsLoadedAgain() async throws {
    let fixture = try ServingFixture()
    #expect(
      await fixture.call("POST", "/v2/repository/models/iris/unload").body
        == "{\"name\":\"iris\",\"unload\":true}")
    #expect(await fixture.call("POST", "/v1/models/iris:predict", "{\"instances\":[[1,2]]}").status == 503)
    #expect(await fixture.call("POST", "/v2/repository/models/iris/load").status == 200)
    #expect(await fixture.call("POST", "/v1/models/iris:predict", "{\"instances\":[[1,2]]}").status == 200)
  }

  @Test func aDrainingServerIsNotReady() async throws {
    let fixture = try ServingFixture()
    fixture.context.beginDraining()
    #expect(await fixture.call("GET", "/v2/health/ready").status == 503)
  }

  @Test func metricsHaveUpstreamsHistograms() async throws {
    let fixture = try ServingFixture()
    for _ in 0..<3 { _ = await fixture.call("POST", "/v1/models/iris:predict", "{\"instances\":[[1,2]]}") }
    let text = await fixture.call("GET", "/metrics").body
    for name in ["preprocess", "predict", "postprocess"] {
      #expect(text.contains("# TYPE request_\(name)_seconds histogram\n"))
      #expect(text.contains("request_\(name)_seconds_count{model_name=\"iris\"} 3\n"))
      #expect(text.contains("request_\(name)_seconds_bucket{model_name=\"iris\",le=\"+Inf\"} 3\n"))
    }
    #expect(text.contains("request_explain_seconds_count{model_name=\"iris\"} 0\n"))
    #expect(text.contains("apus_model_memory_bytes{model_name=\"iris\"} 4096\n"))
    #expect(text.contains("\nprocess_resident_memory_bytes "))
    #expect(text.contains("\nprocess_cpu_seconds_total "))
  }

  @Test func garbageBodiesNeverCrash() async throws {
    let fixture = try ServingFixture()
    var state: UInt64 = 42
    let alphabet = Array("{}[]\":,0123456789.e-tfn instacoup\\".utf8)
    for _ in 0..<500 {
      var text: [UInt8] = []
      for _ in 0..<40 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.append(alphabet[Int(state >> 40) % alphabet.count])
      }
      let body = "{\"instances\":" + String(decoding: text, as: UTF8.self)
      #expect(
        await fixture.call("POST", "/v1/models/iris:predict", body).status != 200 || body.hasSuffix("}"))
    }
  }
}
