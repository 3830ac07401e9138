internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import Synchronization
internal import Testing

@Suite("ONNX models")
struct PredictionTests {
  @Test("Each model answers what Python's onnxruntime answers, bit for bit")
  func answersAreEqual() throws {
    let cases = try Fixtures.cases()
    #expect(cases.count > 25)
    for one in cases {
      let model = try Fixtures.load(one.model)
      for inputs in [one.inputs, one.inputs.map(Self.unpacked)] {
        let outputs = try model.predict(inputs)
        #expect(outputs.map(\.name) == one.outputs.map(\.name), "\(one)")
        for (mine, right) in zip(outputs, one.outputs) {
          #expect(mine.shape == right.shape, "\(one) \(mine.name)")
          #expect(mine.datatype == right.datatype, "\(one) \(mine.name)")
          #expect(mine.values.bits == right.values.bits, "\(one) \(mine.name)")
        }
      }
    }
  }

  /// FP16 and BF16 have no array form.
  private static func unpacked(_ tensor: Tensor) -> Tensor {
    if [.fp16, .bf16].contains(tensor.datatype) { return tensor }
    return Tensor(name: tensor.name, shape: tensor.shape, values: tensor.values.unpacked())
  }

  @Test("Elements that lie askew in the request's memory are read right")
  func unalignedInputs() throws {
    let model = try Fixtures.load("identity-fp64.onnx")
    for offset in 0..<9 {
      let numbers = [1.5, -2.25, 3, 1e300]
      let bytes = [UInt8](repeating: 7, count: offset) + numbers.withUnsafeBytes { Array($0) }
      let elements = try #require(RawElements(.fp64, count: 4, bytes: bytes[offset...]))
      let output = try #require(
        try model.predict([Tensor(name: "x", shape: [2, 2], values: .raw(elements))]).first)
      #expect(output.values == .float64(numbers))
    }
  }

  @Test("Texts that are no UTF-8 come back as they were")
  func binaryTexts() throws {
    let bytes: [UInt8] = [2, 0, 0, 0, 0xff, 0x00, 0, 0, 0, 0, 1, 0, 0, 0, 0x41]
    let elements = try #require(RawElements(.bytes, count: 3, bytes: bytes[...]))
    let outputs = try Fixtures.load("identity-bytes.onnx").predict([
      Tensor(name: "x", shape: [3], values: .raw(elements))
    ])
    #expect(outputs.first?.values == .raw(elements))
  }

  @Test("Empty batches are answered")
  func emptyBatches() throws {
    let outputs = try Fixtures.load("softmax.onnx").predict([
      Tensor(name: "x", shape: [0, 4], values: .float32([]))
    ])
    #expect(outputs.map(\.shape) == [[0], [0, 3]])
    let texts = try Fixtures.load("identity-bytes.onnx").predict([
      Tensor(name: "x", shape: [0], values: .strings([]))
    ])
    #expect(texts.first?.values == .strings([]))
  }

  @Test("A V1 request's numbers become the model's type, whatever the one input is called")
  func inferredTypes() throws {
    let model = try Fixtures.load("softmax.onnx")
    let rows = Tensor(name: "x", shape: [1, 4], values: .float32([1, 2, 3, 4]))
    let integers = Tensor(name: "instances", shape: [1, 4], values: .int64([1, 2, 3, 4]))
    #expect(try model.predict([integers]) == (try model.predict([rows])))
    for name in ["fp16", "bf16"] {
      let half = try Fixtures.load("identity-\(name).onnx")
      let outputs = try half.predict([
        Tensor(name: "instances", shape: [1, 2], values: .float64([1.5, -0.0]))
      ])
      #expect(outputs.first?.values.unpacked() == .float32([1.5, -0.0]))
    }
    let columns = ["a", "b"].map { Tensor(name: $0, shape: [2], values: .int64([1, 2])) }
    var request = PredictRequest(inputs: columns)
    request.hasInferredTypes = true
    let outputs = try Fixtures.load("two-inputs.onnx").predict(request)
    #expect(outputs.first?.values == .float32([2, 4]))
    #expect(outputs.first?.shape == [2, 1])
  }

  @Test("Only the outputs that were asked for are computed")
  func chosenOutputs() throws {
    let model = try Fixtures.load("two-inputs.onnx")
    let inputs = ["a", "b"].map { Tensor(name: $0, shape: [1, 1], values: .float32([3])) }
    let outputs = try model.predict(PredictRequest(inputs: inputs, outputNames: ["product"]))
    #expect(outputs == [Tensor(name: "product", shape: [1, 1], values: .float32([9]))])
  }

  @Test("An image comes back through the library without change, as does its mean")
  func images() throws {
    let count = 3 * 224 * 224
    let numbers = (0..<count).map { Float($0 % 255) }
    let image = Tensor(name: "x", shape: [1, 3, 224, 224], values: .float32(numbers))
    let model = try Fixtures.load("image.onnx")
    for _ in 0..<3 { #expect(try model.predict([image]).first?.values == .float32(numbers)) }
    let mean = try Fixtures.load("image-mean.onnx").predict([image])
    #expect(mean.first?.shape == [1])
  }

  @Test("Many threads may run one session at once")
  func concurrentRuns() async throws {
    let model = try Fixtures.load("softmax.onnx", settings: ["onnx.intra_op_thread_count": "2"])
    let expected = try (0..<8).map { row in
      try model.predict([Tensor(name: "x", shape: [1, 4], values: .float32([Float(row), 1, -2, 0.5]))])
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for row in 0..<8 {
        let right = expected[row]
        group.addTask {
          for _ in 0..<200 {
            let input = Tensor(name: "x", shape: [1, 4], values: .float32([Float(row), 1, -2, 0.5]))
            let mine = try model.predict([input])
            #expect(mine == right)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("A running prediction ends when it is cancelled, and the model goes on serving")
  func cancellation() async throws {
    let model = try Fixtures.load("loop.onnx")
    let cancellation = PredictCancellation()
    var request = PredictRequest(inputs: [
      Tensor(name: "times", shape: [], values: .int64([.max]))
    ])
    request.cancellation = cancellation
    let endless = request
    // On a thread of its own: a prediction that waits would keep one of the few that tests run on.
    let ending = Mutex<Result<[Tensor], PredictError>?>(nil)
    try NamedThread.start("prediction") {
      let result = Result { () throws(PredictError) in try model.predict(endless) }
      ending.withLock { $0 = result }
    }
    func hasEnded() -> Bool { ending.withLock { $0 != nil } }
    while !cancellation.isHeeded, !hasEnded(), !Task.isCancelled { await Task.yield() }
    cancellation.cancel()
    while !hasEnded(), !Task.isCancelled { await Task.yield() }
    #expect(throws: PredictError.unavailable("the request was cancelled")) {
      try ending.withLock { try $0?.get() }
    }
    let once = Tensor(name: "times", shape: [], values: .int64([1]))
    #expect(try model.predict([once]).count == 1)
  }
}
