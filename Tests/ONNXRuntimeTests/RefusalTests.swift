internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import ONNXRuntime
internal import Testing

@Suite("What ONNX models and their requests are refused for")
struct RefusalTests {
  private func refusal(_ model: String, _ inputs: [Tensor]) throws -> String {
    let model = try Fixtures.load(model)
    let error = #expect(throws: PredictError.self) { try model.predict(inputs) }
    guard case .invalidInput(let message)? = error else { return "\(String(describing: error))" }
    return message
  }

  private func floats(_ name: String, _ shape: [Int]) -> Tensor {
    let count = Tensor.elementCount(of: shape) ?? 0
    return Tensor(name: name, shape: shape, values: .float32([Float](repeating: 1, count: count)))
  }

  @Test("Names, types and shapes that do not fit name the input and what was expected")
  func inputs() throws {
    #expect(
      try refusal("softmax.onnx", [floats("y", [1, 4])])
        == "unexpected input 'y': the model has 'x' (FP32 [-1, 4])")
    #expect(
      try refusal("softmax.onnx", [floats("x", [1, 5])])
        == "unexpected shape for input 'x': expected [-1, 4], got [1, 5]")
    #expect(
      try refusal("fixed.onnx", [floats("x", [2, 2])])
        == "unexpected shape for input 'x': expected [1, 2], got [2, 2]")
    #expect(
      try refusal("softmax.onnx", [Tensor(name: "x", shape: [1, 4], values: .int64([1, 2, 3, 4]))])
        == "input 'x' has the data type INT64, but the model expects FP32")
    #expect(
      try refusal("two-inputs.onnx", [floats("a", [1, 1])])
        == "input 'b' is missing: the model needs 'a' (FP32 [-1, 1]), 'b' (FP32 [-1, 1])")
    #expect(
      try refusal("two-inputs.onnx", [floats("a", [1, 1]), floats("a", [1, 1])]) == "input 'a' is given twice"
    )
    #expect(
      try refusal("softmax.onnx", [Tensor(name: "x", shape: [2, 4], values: .float32([1]))])
        == "input 'x' of shape [2, 4] has 1 elements")
    #expect(
      try refusal(
        "softmax.onnx", [Tensor(name: "instances", shape: [1, 4], values: .strings(["", "", "", ""]))])
        == "input 'x' has the data type BYTES, but the model expects FP32")
  }

  @Test("What only the model can see is refused in its words")
  func refusedByTheModel() throws {
    let message = try refusal("pick.onnx", [Tensor(name: "x", shape: [1], values: .int64([3]))])
    #expect(message.hasPrefix("the model refuses the input: "))
    #expect(message.contains("out of data bounds"))
  }

  @Test("A sequence of tensors of different shapes cannot be answered")
  func unevenSequences() throws {
    let model = try Fixtures.load("uneven-sequence.onnx")
    let error = #expect(throws: PredictError.self) { try model.predict([floats("x", [3, 2])]) }
    #expect("\(String(describing: error))".contains("different shapes"))
  }

  @Test("Functions that ONNX models do not have are unsupported")
  func functions() throws {
    let model = try Fixtures.load("fixed.onnx")
    let request = PredictRequest(inputs: [floats("x", [1, 2])], function: .explain)
    #expect(throws: PredictError.unsupported("an ONNX model has no function explain")) {
      try model.predict(request)
    }
  }

  @Test(
    "Models that cannot be served say why",
    arguments: [
      ("complex.onnx", ModelLoadError.Code.unsupportedEstimator), ("future.onnx", .unsupportedVersion),
      ("expected.json", .corrupt), ("missing.onnx", .modelMissing),
    ])
  func loads(name: String, code: ModelLoadError.Code) throws {
    let error = #expect(throws: ModelLoadError.self) { try Fixtures.load(name) }
    #expect(error?.code == code, "\(String(describing: error))")
    #expect(error?.message.contains(name) == true)
  }

  @Test("A damaged file is an error, wherever it is cut")
  func truncation() throws {
    let bytes = try Files.read(Fixtures.path("zipmap-text.onnx"))
    let folder = "/tmp/apus-onnx-\(ProcessEnvironment.processIdentifier)"
    try Files.createDirectories(folder)
    defer { try? Files.removeTree(folder) }
    for count in stride(from: 0, to: bytes.count - 1, by: 7) {
      try Files.writeAtomically(Array(bytes[..<count]), to: "\(folder)/cut.onnx")
      let error = #expect(throws: ModelLoadError.self, "\(count)") {
        try ONNXRuntime().load(path: "\(folder)/cut.onnx", options: try Fixtures.options())
      }
      #expect(error?.message.isEmpty == false)
    }
  }

  @Test("A missing library says how to get it")
  func missingLibrary() throws {
    let options = LoadOptions(settings: ["onnx.library": "/nowhere"])
    let error = #expect(throws: ModelLoadError.self) {
      try ONNXRuntime().load(path: Fixtures.path("fixed.onnx"), options: options)
    }
    #expect(error?.message.contains("pip install onnxruntime") == true)
    let other = LoadOptions(settings: ["onnx.library": Fixtures.path("fixed.onnx")])
    let wrong = #expect(throws: ModelLoadError.self) {
      try ONNXRuntime().load(path: Fixtures.path("fixed.onnx"), options: other)
    }
    #expect(wrong?.message.contains("cannot be used") == true)
  }

  @Test(
    "Settings that cannot work are refused at load",
    arguments: [
      ("onnx.graph_optimization_level", "most", "disable, basic, extended or all"),
      ("onnx.execution_mode", "fast", "sequential or parallel"),
      ("onnx.intra_op_thread_count", "-1", "a number of threads"),
      ("onnx.enable_mem_arena", "perhaps", "true or false"),
      ("onnx.custom_op_library", "/tmp/x.so", "native code"),
      ("onnx.execution_provider", "cuda", "built without CUDA"),
      ("onnx.treads", "1", "There is no setting onnx.treads"),
    ])
  func settings(name: String, value: String, message: String) throws {
    let error = #expect(throws: ModelLoadError.self) {
      try Fixtures.load("fixed.onnx", settings: [name: value])
    }
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
  }

  @Test(
    "Settings that work change no answer",
    arguments: [
      ["onnx.graph_optimization_level": "disable"], ["onnx.execution_mode": "parallel"],
      ["onnx.enable_mem_arena": "0", "onnx.enable_mem_pattern": "0"],
      ["onnx.intra_op_thread_count": "2", "onnx.session.intra_op.allow_spinning": "1"],
      ["onnx.session.set_denormal_as_zero": "1"],
    ])
  func effectlessSettings(settings: [String: String]) throws {
    let plain = try Fixtures.load("softmax.onnx")
    let tuned = try Fixtures.load("softmax.onnx", settings: settings)
    let rows = floats("x", [3, 4])
    #expect(try tuned.predict([rows]) == (try plain.predict([rows])))
  }
}
