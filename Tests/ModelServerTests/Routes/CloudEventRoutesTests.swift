import Formats
import HTTPWire
import InferenceProtocol
import Testing

@testable import ModelServer

struct CloudEventRoutesTests {
  private let event: [(String, String)] = [
    ("ce-specversion", "1.0"), ("ce-id", "36077800"), ("ce-source", "tests"), ("ce-type", "test"),
  ]
  private let instances = "{\"instances\":[[1,2]]}"

  private func call(
    _ fixture: ServingFixture, _ headers: [(String, String)], _ body: String
  ) async -> ServingFixture.Answer {
    await fixture.call("POST", "/v1/models/iris:predict", body, headers: HTTPHeaders(headers))
  }

  @Test func binaryEventsAreAnsweredByBinaryEvents() async throws {
    let answer = await call(
      try ServingFixture(), event + [("ce-extra", "x"), ("Content-Type", "application/json")], instances)
    #expect(answer.status == 200 && answer.body == "{\"predictions\":[3.0]}")
    #expect(answer.headers["ce-type"] == "io.kserve.inference.response")
    #expect(answer.headers["ce-source"] == "io.kserve.inference.iris")
    #expect(answer.headers["ce-specversion"] == "1.0")
    #expect(answer.headers["ce-id"] == "00000000-0000-4000-8000-000000000000")
    #expect(answer.headers["ce-time"]?.hasPrefix("20") == true)
    #expect(answer.headers["ce-extra"] == nil)
    #expect(answer.headers["Content-Type"] == "application/json")
  }

  @Test func mergedAttributesAreKept() async throws {
    let fixture = try ServingFixture(
      cloudEvents: CloudEventReply(mergesAttributes: true, type: "t", source: "s"))
    let answer = await call(
      fixture, event + [("ce-extra", "a b"), ("Content-Type", "application/json")], instances)
    #expect(answer.headers["ce-type"] == "t" && answer.headers["ce-source"] == "s")
    #expect(answer.headers["ce-extra"] == "a%20b" && answer.headers["ce-id"] != "36077800")
    #expect(answer.headers["ce-datacontenttype"] == nil)
  }

  @Test(
    "structured events are answered by structured events",
    arguments: ["application/cloudevents+json", "application/cloudevents+json; charset=UTF-8"])
  func structured(type: String) async throws {
    let body =
      "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":\(instances)}"
    let answer = await call(try ServingFixture(), [("Content-Type", type)], body)
    #expect(answer.headers["Content-Type"] == "application/cloudevents+json")
    #expect(answer.json?["data"] == ["predictions": .array([.number(JSONNumber(uncheckedText: "3.0"))])])
    #expect(answer.json?["source"] == "io.kserve.inference.iris")
    let encoded = body.replacing(
      "\"data\":\(instances)", with: "\"data_base64\":\"eyJpbnN0YW5jZXMiOltbMSwyXV19\"")
    #expect(await call(try ServingFixture(), [("Content-Type", type)], encoded).json?["data"] != nil)
  }

  @Test func bodiesThatLookLikeEventsAreReadAsSuch() async throws {
    let body =
      "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\","
      + "\"time\":\"2026-01-01T00:00:00Z\","
      + "\"data\":\(instances)}"
    let answer = await call(try ServingFixture(), [("Content-Type", "application/json")], body)
    #expect(answer.status == 200 && answer.body == "{\"predictions\":[3.0]}")
  }

  @Test func wrongEventsAreRefusedInUpstreamsWords() async throws {
    let fixture = try ServingFixture()
    var wrong = event
    wrong[0].1 = "0.1"
    let version = await call(fixture, wrong, instances)
    #expect(version.status == 400)
    #expect(version.json?["error"] == "Cloud Event Exceptions: Found invalid specversion 0.1")
    let data = await call(fixture, event + [("Content-Type", "application/json")], "{\"instances\":")
    #expect(data.status == 400)
    #expect(
      data.json?["error"]?.string?.hasPrefix("Failed to decode or parse binary json cloudevent: ") == true)
    let missing = await call(
      fixture, [("Content-Type", "application/cloudevents+json")],
      "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"data\":\(instances)}")
    #expect(
      missing.json?["error"] == "Cloud Event Exceptions: Missing required attributes: {'type'}")
  }

  @Test func headersThatMakeNoEventAreJustHeaders() async throws {
    let answer = await call(
      try ServingFixture(), Array(event.dropLast()) + [("Content-Type", "application/json")], instances)
    #expect(answer.status == 200 && answer.headers["ce-id"] == nil)
  }
}
