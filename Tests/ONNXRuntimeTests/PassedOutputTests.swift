internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
@testable internal import ONNXRuntime
internal import TestSupport
internal import Testing

@Suite("Outputs that are inputs by another name")
struct PassedOutputTests {
  private static func write(_ bytes: [UInt8], to path: String) throws {
    try Files.open(path, .write).writeAll(bytes)
  }

  private static let keys = Tensor(name: "key", shape: [2], values: .int64([7, 9]))

  @Test("Any choice of outputs comes in the order asked for")
  func choices() throws {
    let model = try Fixtures.load("passed.onnx")
    let rows = Tensor(name: "x", shape: [2, 2], values: .float32([1, -2, 3, -4]))
    let answers: [String: TensorValues] = [
      "y": .float32([1, -2, 3, -4]), "negative": .float32([-1, 2, -3, 4]), "id": .int64([7, 9]),
      "renamed": .float32([-1, 2, -3, 4]),
    ]
    let choices = [
      ["y"], ["id", "y"], ["negative"], ["renamed", "id"], ["id", "negative", "y", "renamed"], ["y", "y"],
    ]
    for names in choices {
      var request = PredictRequest(inputs: [Self.keys, rows])
      request.outputNames = names
      let outputs = try model.predict(request)
      #expect(outputs.map(\.name) == names)
      #expect(outputs.map(\.values) == names.compactMap { answers[$0] })
      #expect(outputs.map(\.shape) == names.map { $0 == "id" ? [2] : [2, 2] })
    }
  }

  @Test("Long ones are the request's own memory")
  func memory() throws {
    let model = try Fixtures.load("image.onnx")
    let count = 3 * 224 * 224
    let bytes = [UInt8](repeating: 1, count: 100 + count * 4)
    let elements = try #require(RawElements(.fp32, count: count, bytes: bytes[100...]))
    let outputs = try model.predict([
      Tensor(name: "x", shape: [1, 3, 224, 224], values: .raw(elements))
    ])
    guard case .raw(let passed) = try #require(outputs.first).values else {
      Issue.record("\(outputs) is not in binary form")
      return
    }
    let address = bytes.withUnsafeBytes { $0.baseAddress }
    #expect(passed.bytes.withUnsafeBytes { $0.baseAddress } == address.map { $0 + 100 })
    #expect(passed == elements)
  }

  @Test("What a run would refuse is refused")
  func refusals() throws {
    let model = try Fixtures.load("image.onnx")
    let wrong = [
      Tensor(name: "x", shape: [1, 3, 224], values: .float32([Float](repeating: 0, count: 672))),
      Tensor(name: "x", shape: [1], values: .int64([1])),
    ]
    for tensor in wrong { #expect(throws: PredictError.self) { try model.predict([tensor]) } }
  }

  @Test("Names are followed through chains, and only through Identity nodes of the standard operators")
  func chains() throws {
    let aliases = GraphAliases(path: Fixtures.path("passed.onnx"))
    #expect(aliases.source(of: "y") == "x")
    #expect(aliases.source(of: "id") == "key")
    #expect(aliases.source(of: "renamed") == "negative")
    #expect(aliases.source(of: "negative") == "negative")
    // The graph within a node is another one.
    #expect(GraphAliases(path: Fixtures.path("loop.onnx")).source(of: "still") == "still")
  }

  @Test("Files that are cut off or bent have no aliases, or the right ones")
  func damagedFiles() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/model.onnx"
    let whole = try Files.read(Fixtures.path("passed.onnx"))
    for length in 0..<whole.count {
      try Self.write(Array(whole[..<length]), to: path)
      #expect(["x", "y"].contains(GraphAliases(path: path).source(of: "y")))
    }
    for position in 0..<whole.count {
      var bent = whole
      bent[position] ^= 0x81
      try Self.write(bent, to: path)
      _ = GraphAliases(path: path).source(of: "y")
    }
    #expect(GraphAliases(path: folder.path).source(of: "y") == "y")
    #expect(GraphAliases(path: "\(folder.path)/none").source(of: "y") == "y")
  }

  @Test("Weights longer than what is read at a time are leapt over, names that go in circles end")
  func longWeights() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/model.onnx"
    func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
      var length = content.count
      var bytes = [number << 3 | 2]
      while length > 0x7F {
        bytes.append(UInt8(length & 0x7F) | 0x80)
        length >>= 7
      }
      return bytes + [UInt8(length)] + content
    }
    func identity(_ input: String, _ output: String) -> [UInt8] {
      field(1, field(1, Array(input.utf8)) + field(2, Array(output.utf8)) + field(4, Array("Identity".utf8)))
    }
    let weights = field(5, [UInt8](repeating: 0xFF, count: 300_000))
    let circle = identity("p", "q") + identity("q", "p")
    try Self.write(
      [8, 8] + field(7, identity("a", "b") + weights + circle + weights + identity("b", "c")), to: path)
    let aliases = GraphAliases(path: path)
    #expect(aliases.source(of: "c") == "a")
    #expect(["p", "q"].contains(aliases.source(of: "p")))
  }
}
