import Formats
import InferenceProtocol
import TestSupport
import Testing

/// Decodes a `ModelInferRequest` from its bytes.
func decodeInfer(
  _ bytes: [UInt8], limits: InferenceLimits = InferenceLimits()
) throws(InferenceRequestError) -> ModelInferRequest {
  let result: Result<ModelInferRequest, InferenceRequestError> = bytes.withUnsafeBytes { buffer in
    do throws(InferenceRequestError) {
      return .success(try ModelInferRequest.decode(buffer, limits: limits))
    } catch {
      return .failure(error)
    }
  }
  return try result.get()
}

/// Writes a `ModelInferRequest` as a client does.
struct InferRequestBuilder {
  var writer = ProtobufWriter()

  init(model: String = "m") { writer.field(1, model) }

  mutating func input(
    _ name: String, _ datatype: String, _ shape: [Int], _ contents: ((inout ProtobufWriter) -> Void)? = nil
  ) {
    writer.message(5) { input in
      input.field(1, name)
      input.field(2, datatype)
      input.packed(3, shape)
      if let contents { input.message(5, contents) }
    }
  }

  mutating func raw(_ bytes: [UInt8]) { writer.element(7, bytes[...]) }

  var bytes: [UInt8] { writer.bytes }
}

struct ModelInferRequestTests {
  private func floats(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  @Test func readsNamesParametersAndOutputs() throws {
    var builder = InferRequestBuilder(model: "iris")
    builder.writer.field(2, "3")
    builder.writer.field(3, "id-1")
    builder.writer.message(4) { entry in
      entry.field(1, "content_type")
      entry.message(2) { $0.element(3, "pd") }
    }
    builder.writer.message(4) { entry in
      entry.field(1, "n")
      entry.message(2) { $0.element(2, UInt64(bitPattern: -5)) }
    }
    builder.input("x", "FP64", [1]) { contents in
      contents.header(7, count: 8)
      contents.append([0, 0, 0, 0, 0, 0, 0xF8, 0x3F][...])
    }
    builder.writer.message(6) { $0.field(1, "y") }
    let decoded = try decodeInfer(builder.bytes)
    #expect(decoded.modelName == "iris" && decoded.modelVersion == "3" && decoded.request.id == "id-1")
    #expect(decoded.request.parameters == ["content_type": "pd", "n": -5])
    #expect(decoded.request.inputs == [Tensor(name: "x", shape: [1], values: .float64([1.5]))])
    #expect(decoded.request.outputNames == ["y"])
    #expect(!decoded.hasRawInputs)
  }

  @Test(
    "each type has its field",
    arguments: [
      TensorValues.bool([true, false]), .int8([-128, 127]), .int16([-1, 2]), .int32([.min, .max]),
      .int64([.min, .max]), .uint8([0, 255]), .uint16([1, 65535]), .uint32([0, .max]), .uint64([0, .max]),
      .float32([1.5, -0.0]), .float64([.infinity, 1e-300]), .strings(["a", "ü"]),
    ])
  func typedContents(values: TensorValues) throws {
    // An answer's tensors have the same fields as a request's.
    var answer = ProtobufWriter()
    ModelInferResponse.encode(
      model: "m", id: "1", outputs: [Tensor(name: "x", shape: [2], values: values)], raw: false, into: &answer
    )
    let decoded = try decodeInfer(answer.bytes)
    #expect(decoded.request.inputs == [Tensor(name: "x", shape: [2], values: values)])
    var rawAnswer = ProtobufWriter()
    ModelInferResponse.encode(
      model: "m", id: "1", outputs: [Tensor(name: "x", shape: [2], values: values)], raw: true,
      into: &rawAnswer)
    // The raw contents of an answer are field 6, of a request 7.
    var request = InferRequestBuilder()
    request.input("x", values.datatype.rawValue, [2])
    var raw: [UInt8] = []
    values.appendBinary(to: &raw)
    request.raw(raw)
    let rawDecoded = try decodeInfer(request.bytes)
    #expect(rawDecoded.hasRawInputs)
    #expect(rawDecoded.request.inputs[0].values.unpacked() == values)
    #expect(rawAnswer.bytes.suffix(raw.count) == raw[...])
  }

  @Test func textsThatAreNoUTF8StayBytes() throws {
    var builder = InferRequestBuilder()
    builder.input("x", "BYTES", [3]) { contents in
      contents.element(8, [97])
      contents.element(8, [255, 0])
      contents.element(8, [])
    }
    let decoded = try decodeInfer(builder.bytes)
    guard case .raw(let elements) = decoded.request.inputs[0].values else {
      Issue.record("\(decoded.request.inputs[0].values)")
      return
    }
    #expect(elements.textSlices == [[97], [255, 0], []])
  }

  @Test func unpackedRepeatedNumbersAreReadToo() throws {
    var builder = InferRequestBuilder()
    builder.writer.message(5) { input in
      input.field(1, "x")
      input.field(2, "FP32")
      input.element(3, 2 as UInt64)
      input.element(3, 1 as UInt64)
      input.message(5) { contents in
        for value in [1, 2] as [Float] {
          contents.tag(6, .fixed32)
          withUnsafeBytes(of: value.bitPattern) { contents.append($0) }
        }
      }
    }
    #expect(
      try decodeInfer(builder.bytes).request.inputs
        == [Tensor(name: "x", shape: [2, 1], values: .float32([1, 2]))])
  }

  @Test func wrongInputsAreRefusedInUpstreamsWords() {
    var counts = InferRequestBuilder()
    counts.input("x", "FP32", [1])
    counts.input("y", "FP32", [1])
    counts.raw(floats([1]))
    #expect(
      failure { () throws(InferenceRequestError) in try decodeInfer(counts.bytes) }?.message
        == "the number of inputs (2) does not match the expected number of raw input contents (1) "
        + "for model 'm'."
    )
    var both = InferRequestBuilder()
    both.input("x", "FP32", [1]) {
      $0.header(6, count: 4); $0.append([0, 0, 0, 0][...])
    }
    both.raw(floats([1]))
    #expect(
      failure { () throws(InferenceRequestError) in try decodeInfer(both.bytes) }?.message
        == "contents field must not be specified when using raw_input_contents for input 'x' for model 'm'")
  }

  @Test func elementsMustFitTypeAndShape() {
    func message(_ datatype: String, _ shape: [Int], _ contents: @escaping (inout ProtobufWriter) -> Void)
      -> String?
    {
      var builder = InferRequestBuilder()
      builder.input("x", datatype, shape, contents)
      return failure { () throws(InferenceRequestError) in try decodeInfer(builder.bytes) }?.message
    }
    #expect(
      message("INT8", [1]) { $0.element(2, 200 as UInt64) } == "input 'x': expected INT8, found 200")
    #expect(
      message("FP32", [1]) { $0.element(3, 1 as UInt64) }
        == "input 'x': its datatype is FP32, whose elements belong in fp32_contents, not in int64_contents")
    #expect(
      message("INT64", [3]) { $0.element(3, 1 as UInt64) }
        == "input 'x': int64_contents has 1 elements, but shape [3] needs 3")
    #expect(
      message("FP16", [1]) { _ in }
        == "input 'x': FP16 has no typed contents; send it in raw_input_contents")
    #expect(message("INT64", [-1]) { _ in } == "input 'x': 'shape' [-1] has a negative length")
    #expect(message("NONE", [1]) { _ in }?.hasPrefix("input 'x': unknown datatype 'NONE'") == true)
    #expect(message("FP32", [1 << 40, 1 << 40]) { _ in }?.contains("more elements than the limit") == true)
  }

  @Test func theViewSeesSimpleMatricesOnly() throws {
    var raw = InferRequestBuilder()
    raw.input("x", "FP32", [2, 2])
    raw.raw(floats([1, 2, 3, 4]))
    raw.bytes.withUnsafeBytes { buffer in
      let view = ModelInferView(buffer)
      #expect(view?.rows == 2 && view?.columns == 2 && view?.isRaw == true && view?.datatype == .fp32)
      #expect(view?.values.elementsEqual(floats([1, 2, 3, 4])) == true)
      #expect(view?.modelName.elementsEqual("m".utf8) == true)
    }
    var typed = InferRequestBuilder()
    typed.input("x", "FP64", [1, 1]) {
      $0.header(7, count: 8); $0.append([UInt8](repeating: 0, count: 8)[...])
    }
    typed.bytes.withUnsafeBytes { #expect(ModelInferView($0)?.datatype == .fp64) }
    var several: [InferRequestBuilder] = []
    func variant(_ change: (inout InferRequestBuilder) -> Void) {
      var builder = InferRequestBuilder()
      change(&builder)
      several.append(builder)
    }
    variant {
      $0.input("x", "FP32", [2]); $0.raw(floats([1, 2]))
    }
    variant {
      $0.input("x", "FP32", [1, 2]); $0.raw(floats([1]))
    }
    variant {
      $0.input("x", "INT8", [1, 1]); $0.raw([1])
    }
    variant { $0.input("x", "FP32", [1, 1]) }
    variant {
      $0.input("x", "FP32", [1, 1]); $0.input("y", "FP32", [1, 1]); $0.raw(floats([1]))
    }
    variant {
      $0.input("x", "FP32", [1 << 62, 8]); $0.raw([])
    }
    for builder in several { builder.bytes.withUnsafeBytes { #expect(ModelInferView($0) == nil) } }
  }

  @Test func truncatedAndGarbledMessagesNeverTrap() {
    var builder = InferRequestBuilder()
    builder.input("x", "FP32", [2, 2])
    builder.input("y", "BYTES", [1])
    builder.raw(floats([1, 2, 3, 4]))
    builder.raw([1, 0, 0, 0, 97])
    let bytes = builder.bytes
    var generator = SeededGenerator(seed: 9)
    for round in 0..<2000 {
      var noise = Array(bytes[..<(round % bytes.count)])
      if round > bytes.count {
        noise = bytes
        for _ in 0..<3 {
          noise[Int.random(in: 0..<noise.count, using: &generator)] = .random(in: 0...255, using: &generator)
        }
      }
      _ = failure { () throws(InferenceRequestError) in try decodeInfer(noise) }
      noise.withUnsafeBytes {
        _ = ModelInferView($0)
        _ = ModelInferRequest.typedBytes($0)
      }
    }
  }
}
