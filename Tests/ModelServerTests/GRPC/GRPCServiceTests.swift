import Formats
import HTTPTransport
import InferenceProtocol
import ModelRuntime
import Testing

@testable import ModelServer

struct GRPCServiceTests {
  /// A `ModelInferRequest` with one input of two columns.
  private func infer(
    _ model: String, _ datatype: String = "FP32", shape: [Int] = [1, 2], raw: [UInt8]? = nil,
    doubles: [Double]? = nil, id: String = "7", output: String? = nil, version: String = ""
  ) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.field(1, model)
    writer.field(2, version)
    writer.field(3, id)
    writer.message(5) { input in
      input.field(1, "x")
      input.field(2, datatype)
      input.packed(3, shape)
      if let doubles {
        input.message(5) { contents in
          contents.header(7, count: doubles.count * 8)
          doubles.withUnsafeBytes { contents.append($0) }
        }
      }
    }
    if let output { writer.message(6) { $0.field(1, output) } }
    if let raw { writer.element(7, raw[...]) }
    return writer.bytes
  }

  private func bytes<Value>(_ values: [Value]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  @Test("both paths answer alike", arguments: ["iris", "rows"])
  func infers(model: String) async throws {
    let fixture = try GRPCFixture()
    for (datatype, raw) in [
      ("FP32", bytes([1.5, 2] as [Float])), ("FP64", bytes([1.5, 2] as [Double])),
    ] {
      let answer = await fixture.call("ModelInfer", [infer(model, datatype, raw: raw)])
      #expect(answer.status == .ok)
      let message = try DecodedMessage(try #require(answer.messages.first))
      #expect(message.text(1) == model && message.text(2) == nil && message.text(3) == "7")
      let output = try message.message(5)
      #expect(output.text(1) == "output-0" && output.text(2) == "FP64")
      #expect(output.payloads[3] == [[1]] && output.payloads[5] == nil)
      #expect(message.payloads[6] == [bytes([3.5])])
    }
    let integers = await fixture.call(
      "ModelInfer", [infer(model, "INT64", shape: [2, 2], raw: bytes([1, 2, 3, 4]))])
    #expect(try DecodedMessage(try #require(integers.messages.first)).payloads[6] == [bytes([3.0, 7.0])])
    let typed = await fixture.call(
      "ModelInfer", [infer(model, "FP64", shape: [2, 2], doubles: [1, 2, 3, 4], output: "output-0")])
    let message = try DecodedMessage(try #require(typed.messages.first))
    #expect(message.payloads[6] == nil)
    #expect(try message.message(5).message(5).payloads[7] == [bytes([3.0, 7.0])])
    await fixture.shutDown()
  }

  @Test func anAnswerWithoutAnIdGetsOne() async throws {
    let fixture = try GRPCFixture()
    for model in ["iris", "rows"] {
      let answer = await fixture.call("ModelInfer", [infer(model, raw: bytes([1, 2] as [Float]), id: "")])
      #expect(
        try DecodedMessage(try #require(answer.messages.first)).text(3)
          == "00000000-0000-4000-8000-000000000000")
    }
    await fixture.shutDown()
  }

  @Test(
    "failures have upstream's codes and messages",
    arguments: [
      ("none", "", "FP32", [1, 2], GRPCStatus.Code.notFound, "Model with name none does not exist."),
      ("rows", "3", "FP32", [1, 2], .unimplemented, "Model versioning not supported yet."),
      (
        "rows", "", "FP32", [2, 1], .invalidArgument,
        "X has shape [2, 1], but the model expects [rows, 2]"
      ),
      (
        "rows", "", "FP32", [1, 3], .invalidArgument,
        "input 'x': its 8 bytes of raw contents are not the 12 bytes that shape [1, 3] of FP32 needs"
      ),
    ])
  func failures(
    model: String, version: String, datatype: String, shape: [Int], code: GRPCStatus.Code, message: String
  ) async throws {
    let fixture = try GRPCFixture()
    let request = infer(model, datatype, shape: shape, raw: bytes([1, 2] as [Float]), version: version)
    let answer = await fixture.call("ModelInfer", [request])
    #expect(answer.status == GRPCStatus(code, message))
    #expect(answer.messages.isEmpty)
    await fixture.shutDown()
  }

  @Test func theModelsOwnFailureIsInternalAndAnUnknownOutputTheClients() async throws {
    let fixture = try GRPCFixture()
    for model in ["iris", "rows"] {
      let broken = await fixture.call("ModelInfer", [infer(model, raw: bytes([666, 2] as [Float]))])
      #expect(broken.status == GRPCStatus(.internal, "the model broke"))
      let unknown = await fixture.call(
        "ModelInfer", [infer(model, raw: bytes([1, 2] as [Float]), output: "o")])
      #expect(
        unknown.status == GRPCStatus(.invalidArgument, "Unexpected inference output 'o' for model '\(model)'")
      )
    }
    await fixture.shutDown()
  }

  @Test func unloadedModelsAreUnavailable() async throws {
    let fixture = try GRPCFixture()
    var name = ProtobufWriter()
    name.field(1, "rows")
    // Triton's message has the name in its second field.
    var triton = ProtobufWriter()
    triton.field(2, "rows")
    let unloaded = await fixture.call("RepositoryModelUnload", [name.bytes])
    #expect(unloaded.status == .ok && unloaded.messages == [name.bytes + [0x10, 1]])
    let refused = await fixture.call("ModelInfer", [infer("rows", raw: bytes([1, 2] as [Float]))])
    #expect(refused.status == GRPCStatus(.unavailable, "Model with name rows is not ready."))
    #expect(await fixture.call("ModelReady", [name.bytes]).messages == [[]])
    #expect(await fixture.call("RepositoryModelLoad", [triton.bytes]).status == .ok)
    #expect(await fixture.call("ModelReady", [name.bytes]).messages == [[8, 1]])
    await fixture.shutDown()
  }

  @Test func describesServerAndModels() async throws {
    let fixture = try GRPCFixture()
    #expect(await fixture.call("ServerLive").messages == [[8, 1]])
    #expect(await fixture.call("ServerReady").messages == [[8, 1]])
    let server = try DecodedMessage(try #require(await fixture.call("ServerMetadata").messages.first))
    #expect(server.text(1) == "kserve" && server.text(2) == "0.1")
    var name = ProtobufWriter()
    name.field(1, "iris")
    let metadata = try DecodedMessage(
      try #require(await fixture.call("ModelMetadata", [name.bytes]).messages.first))
    #expect(metadata.text(1) == "iris" && metadata.text(3) == "sklearn")
    let input = try metadata.message(4)
    #expect(input.text(1) == "input-0" && input.text(2) == "FP64")
    let config = try DecodedMessage(
      try #require(await fixture.call("ModelConfig", [name.bytes]).messages.first)
    ).message(1)
    #expect(config.text(1) == "iris" && config.text(17) == "sklearn")
    _ = await fixture.call("ModelInfer", [infer("iris", raw: bytes([1, 2] as [Float]))])
    let statistics = try DecodedMessage(
      try #require(await fixture.call("ModelStatistics", [name.bytes]).messages.first)
    ).message(1)
    #expect(statistics.text(1) == "iris" && statistics.numbers[4] == [1] && statistics.numbers[5] == [1])
    #expect(try statistics.message(6).message(1).numbers[1] == [1])
    let index = try DecodedMessage(try #require(await fixture.call("RepositoryIndex").messages.first))
    #expect(try index.message(1, 0).text(3) == "READY" && index.message(1, 1).text(1) == "rows")
    await fixture.shutDown()
  }

  @Test func unknownMethodsAndServicesAreUnimplemented() async throws {
    let fixture = try GRPCFixture()
    #expect(await fixture.call("Nothing").status.code == .unimplemented)
    #expect(await fixture.call("ModelInfer", service: "other.Service").status.code == .unimplemented)
    #expect(await fixture.call("Nothing", service: "grpc.health.v1.Health").status.code == .unimplemented)
    await fixture.shutDown()
  }

  @Test func unaryCallsTakeOneMessage() async throws {
    let fixture = try GRPCFixture()
    #expect(await fixture.call("ServerLive", []).status.code == .internal)
    #expect(await fixture.call("ModelInfer", []).status.code == .internal)
    await fixture.shutDown()
  }

  @Test func healthKnowsTheServerAndItsModels() async throws {
    let fixture = try GRPCFixture()
    func check(_ service: String) async -> GRPCAnswer {
      var request = ProtobufWriter()
      request.field(1, service)
      return await fixture.call("Check", [request.bytes], service: "grpc.health.v1.Health")
    }
    for service in ["", "inference.GRPCInferenceService", "iris"] {
      #expect(await check(service).messages == [[8, 1]])
    }
    #expect(await check("none").status.code == .notFound)
    fixture.repository.unload("iris")
    #expect(await check("iris").messages == [[8, 2]])
    fixture.context.beginDraining()
    #expect(await check("").messages == [[8, 2]])
    await fixture.shutDown()
  }

  @Test func aStreamOfRequestsIsAnsweredInOrder() async throws {
    let fixture = try GRPCFixture()
    let answer = await fixture.call(
      "ModelStreamInfer",
      [
        infer("iris", raw: bytes([1, 2] as [Float]), id: "a"), infer("none", raw: [], id: "b"),
        infer("rows", raw: bytes([3, 4] as [Float]), id: "c"),
      ])
    #expect(answer.status == .ok)
    let messages = try answer.messages.map { try DecodedMessage($0) }
    try #require(messages.count == 3)
    #expect(try messages[0].message(2).text(3) == "a")
    #expect(messages[1].text(1)?.isEmpty == false && messages[1].payloads[2] == nil)
    #expect(try messages[2].message(2).text(3) == "c")
    await fixture.shutDown()
  }

  @Test func reflectionTellsServicesFilesAndSymbols() async throws {
    let fixture = try GRPCFixture()
    func ask(_ field: Int, _ text: String) async throws -> DecodedMessage {
      var request = ProtobufWriter()
      request.element(field, text)
      let answer = await fixture.call(
        "ServerReflectionInfo", [request.bytes], service: "grpc.reflection.v1alpha.ServerReflection")
      #expect(answer.status == .ok)
      return try DecodedMessage(try #require(answer.messages.first))
    }
    let services = try await ask(7, "").message(6)
    #expect(services.payloads[1]?.count == 4)
    for symbol in [
      "inference.GRPCInferenceService", "inference.ModelInferRequest.InferInputTensor",
      "inference.GRPCInferenceService.ModelInfer", "grpc.health.v1.Health",
    ] {
      let file = try await ask(4, symbol).message(4)
      #expect(try DecodedMessage(try #require(file.payloads[1]?.first)).text(12) == "proto3", "\(symbol)")
    }
    #expect(try await ask(4, "inference.None").message(7).numbers[1] == [5])
    #expect(try await ask(3, "grpc_predict_v2.proto").payloads[4] != nil)
    await fixture.shutDown()
  }

  @Test func garbageIsRefusedByEveryMethod() async throws {
    let fixture = try GRPCFixture()
    let garbage: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]
    for method in Array(InferenceMethods.reading.keys) + ["RepositoryIndex", "ModelInfer"]
    where !method.hasPrefix("Server") {
      #expect(await fixture.call(method, [garbage]).status.code == .invalidArgument, "\(method)")
    }
    await fixture.shutDown()
  }
}
