internal import InferenceProtocol
internal import ModelRuntime
internal import ONNXRuntime
internal import Testing

@Suite("What an ONNX model says of itself")
struct ModelDescriptionTests {
  @Test("Inputs and outputs have their names, types and dimensions")
  func signatures() throws {
    let model = try Fixtures.load("softmax.onnx")
    #expect(model.signature.platform == "onnxruntime_onnx")
    #expect(model.signature.inputs == [.init(name: "x", datatype: .fp32, shape: [-1, 4])])
    #expect(
      model.signature.outputs == [
        .init(name: "label", datatype: .int64, shape: [-1]),
        .init(name: "p", datatype: .fp32, shape: [-1, 3]),
      ])
    let classifier = try Fixtures.load("zipmap-text.onnx")
    #expect(
      classifier.signature.outputs == [
        .init(name: "output_label", datatype: .bytes, shape: [-1]),
        .init(name: "output_probability", datatype: .fp32, shape: [-1, -1]),
      ])
    #expect(model.memoryBytes > 200)
  }

  @Test("Requests are joined only where the first dimension of everything is one of any length")
  func batching() throws {
    for name in ["softmax.onnx", "zipmap-int64.onnx", "two-inputs.onnx", "identity-bytes.onnx"] {
      #expect(try Fixtures.load(name).isBatchable, "\(name)")
    }
    for name in ["fixed.onnx", "any-rank.onnx", "loop.onnx", "sequence.onnx"] {
      #expect(!(try Fixtures.load(name).isBatchable), "\(name)")
    }
    #expect(!(try Fixtures.load("softmax.onnx", settings: ["onnx.batching": "off"]).isBatchable))
  }

  @Test("The cost of a row is measured where the shapes are known, else taken as high")
  func costs() throws {
    let small = try Fixtures.load("softmax.onnx")
    #expect(small.estimatedNanosecondsPerRow > 0 && small.estimatedNanosecondsPerRow < 1e9)
    let unmeasured = try Fixtures.load("softmax.onnx", settings: ["onnx.warm_up": "false"])
    #expect(unmeasured.estimatedNanosecondsPerRow == 1_000_000)
  }

  @Test("A file is known by its name or its first bytes")
  func recognition() throws {
    let runtime = ONNXRuntime()
    #expect(runtime.recognizes(path: "model.onnx", firstBytes: []))
    #expect(runtime.recognizes(path: "model", firstBytes: [8, 8, 0x3a, 1]))
    #expect(!runtime.recognizes(path: "model.bst", firstBytes: [0x80, 4, 0x95]))
  }
}
