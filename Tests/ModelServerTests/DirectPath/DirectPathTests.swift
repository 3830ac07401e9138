import Basics
import HTTPTransport
import InferenceProtocol
import Linux
import ModelRuntime
import ModelServer
import Synchronization
import Testing

@Suite(.serialized) struct DirectPathTests {
  /// Asks the direct path itself, without HTTP.
  private func isDirect(_ handler: ModelServer, _ target: String, _ body: String) -> Bool {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    defer { room.deallocate() }
    return Bytes(target.utf8).withUnsafeBytes { target in
      Bytes(body.utf8).withUnsafeBytes { body in
        handler.answerDirectly(DirectRequest(target: target, body: body, loop: 0), into: room) != nil
      }
    }
  }

  /// Without an id that the server had to make up.
  private func withoutUUID(_ body: String) -> String {
    guard let start = body.firstRange(of: "\"id\":\"")?.upperBound,
      let end = body[start...].firstIndex(of: "\""), body[start..<end].count == 36
    else { return body }
    return body.replacingCharacters(in: start..<end)
  }

  @Test(arguments: [
    WeighingModel(), WeighingModel(outputDatatype: .int64),
    WeighingModel(columns: 2, outputColumns: 3, outputDatatype: .fp32),
    WeighingModel(columns: 1, outputColumns: 1),
  ])
  func `both paths answer every request alike`(_ model: WeighingModel) async throws {
    let direct = try WeighingServer(model, answersDirectly: true)
    let general = try WeighingServer(model, answersDirectly: false)
    let judge = try WeighingServer(model, answersDirectly: true)
    let bodies = RandomBodies(columns: model.columns)
    let first = try BlockingClient(direct.address)
    let second = try BlockingClient(general.address)
    var answered = 0
    for _ in 0..<700 {
      let isV1 = Int.random(in: 0...2) == 0
      let target = isV1 ? "/v1/models/m:predict" : "/v2/models/m/infer"
      let body = isV1 ? bodies.v1() : bodies.v2()
      let request = DirectRequests.post(target, body)
      let left = try first.ask(request)
      let right = try second.ask(request)
      #expect(left.head == right.head, "\(body)")
      #expect(withoutUUID(left.body) == withoutUUID(right.body), "\(body)")
      let isPlain = isDirect(judge.handler, target, body)
      if isPlain { #expect(left.head.hasPrefix("HTTP/1.1 200"), "\(body)") }
      if isPlain { answered += 1 }
    }
    // Else the comparison would say nothing.
    #expect(answered > 100)
    await direct.shutDown()
    await general.shutDown()
    await judge.shutDown()
  }

  @Test func `long tables get the same answer from both paths`() async throws {
    let direct = try WeighingServer(WeighingModel(), answersDirectly: true)
    let general = try WeighingServer(WeighingModel(), answersDirectly: false)
    let first = try BlockingClient(direct.address)
    let second = try BlockingClient(general.address)
    let rows = (0..<4000).map { "[\($0), -0.25, 12345.678, \(Double($0) / 1e4)]" }
    let table = rows.joined(separator: ", ")
    for (fields, body) in [
      ("", "{\"instances\": [\(table)]}"), ("", "{\"inputs\": [\(table), [1, 2, 3, 4e1]]}"),
      ("X-Request-Id: a\r\n", "{\"instances\": [\(table)]}"), ("", "{\"instances\": [\(table), [1, 2, 3]]}"),
      ("", "{\"instances\": [\(table)], \"x\": 1}"), ("", "{\"instances\": [\(table)]"),
      ("", "{\"instances\": [\(table), [1, 2, 3, \"4\"]]}"),
    ] {
      let request = DirectRequests.post("/v1/models/m:predict", body, fields: fields)
      let left = try first.ask(request)
      let right = try second.ask(request)
      #expect(left.head == right.head)
      #expect(left.body == right.body)
    }
    await direct.shutDown()
    await general.shutDown()
  }

  @Test func `plain requests of usual clients are direct`() async throws {
    let server = try WeighingServer(WeighingModel(), answersDirectly: true)
    let input = "{\"name\":\"x\",\"shape\":[1,4],\"datatype\":\"FP32\",\"data\":"
    for body in [
      "{\"inputs\":[\(input)[1,2,3,4]}]}", "{\"inputs\":[\(input)[[1.5,2,3e0,-4]]}]}",
      "{\"id\":\"a b\",\"inputs\":[\(input)[1,2,3,4]}]}",
      "{\"inputs\": [\(input) [1, 2, 3, 4]} ] , \"id\": null}",
    ] {
      #expect(isDirect(server.handler, "/v2/models/m/infer", body), "\(body)")
    }
    for body in ["{\"instances\":[[1,2,3,4],[5,6,7,8.5]]}", "{ \"inputs\" : [ [ 1 , 2 , 3 , 4 ] ] }\n"] {
      #expect(isDirect(server.handler, "/v1/models/m:predict", body), "\(body)")
    }
    for target in [
      "/v2/models/n/infer", "/v2/models/m/infer?x", "/v2/models/m/versions/1/infer", "/v2/models//infer", "/",
    ] {
      #expect(!isDirect(server.handler, target, "{\"inputs\":[\(input)[1,2,3,4]}]}"), "\(target)")
    }
    await server.shutDown()
  }

  @Test func `answers that came with one read leave in their order`() async throws {
    let server = try WeighingServer(WeighingModel(), answersDirectly: true)
    let client = try BlockingClient(server.address)
    var requests = Bytes()
    for index in 0..<20 {
      // Every fifth one is the general path's.
      let fields = index % 5 == 4 ? "X-Unknown: 1\r\n" : ""
      requests += DirectRequests.post(
        "/v1/models/m:predict", "{\"instances\":[[\(index),0,0,0]]}", fields: fields)
    }
    try client.send(requests)
    var stream = ""
    for index in 0..<20 {
      while !stream.contains("{\"predictions\":[\(index).0]}") {
        let answer = try client.receiveText()
        if answer.isEmpty { break }
        stream += answer
      }
    }
    let order = stream.split(separator: "{\"predictions\":[").dropFirst().compactMap {
      Double($0.prefix { $0 != "]" })
    }
    #expect(order == (0..<20).map { Double($0) })
    await server.shutDown()
  }

  @Test func `a model that is swapped answers anew, and one that is gone is not found`() async throws {
    let server = try WeighingServer(WeighingModel(), answersDirectly: true)
    let client = try BlockingClient(server.address)
    let request = DirectRequests.post("/v1/models/m:predict", "{\"instances\":[[1,0,0,0]]}")
    #expect(try client.ask(request).body == "{\"predictions\":[1.0]}")
    try server.repository.load("m")
    #expect(try client.ask(request).body == "{\"predictions\":[1.0]}")
    server.repository.unload("m")
    #expect(try client.ask(request).head.hasPrefix("HTTP/1.1 503"))
    await server.shutDown()
  }

  @Test func `models that batch are never answered directly`() async throws {
    var settings = ModelSettings()
    settings.batching = BatchSettings()
    let server = try WeighingServer(WeighingModel(), answersDirectly: true, settings: settings)
    #expect(!isDirect(server.handler, "/v1/models/m:predict", "{\"instances\":[[1,2,3,4]]}"))
    await server.shutDown()
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>) -> String {
    String(self[..<range.lowerBound]) + String(self[range.upperBound...])
  }
}
