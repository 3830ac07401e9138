internal import Basics
@testable internal import ClassicRuntime
internal import Formats
internal import InferenceProtocol
internal import ModelRuntime
internal import TestSupport
internal import Testing

@Suite("Estimators that are no trees")
struct ClassicEstimatorTests {
  static let names = ["linear", "svr", "neighbors", "bayes", "clusters", "network", "texts", "columns"]

  @Test("Every function answers what scikit-learn answers", arguments: names)
  func functions(name: String) throws {
    let expected = try #require(try JSONValue(parsing: try Fixtures.bytes("classic-expected.json"))[name])
    let model = try Fixtures.load("classic-\(name).joblib")
    let body = Bytes("{\"instances\":".utf8) + (try #require(expected["instances"])).encoded() + [0x7d]
    let inputs = try body.withUnsafeBytes { try V1Request.decode($0) }
    for function in model.functions {
      let right = Fixtures.numbers(expected[function.rawValue])
      #expect(!right.isEmpty, "\(name) \(function)")
      let output = try #require(
        try model.predict(PredictRequest(inputs: inputs, function: function)).first)
      let numbers = try #require(output.values.doubles())
      #expect(numbers.count == right.count, "\(name) \(function)")
      let isClose = zip(numbers, right).allSatisfy { abs($0 - $1) <= 1e-9 * max(1, abs($1)) }
      #expect(isClose, "\(name) \(function): \(numbers) instead of \(right)")
    }
  }

  @Test("The row model gives the very bits of predict", arguments: ["linear", "svr"])
  func rowModels(name: String) throws {
    let expected = try #require(try JSONValue(parsing: try Fixtures.bytes("classic-expected.json"))[name])
    let model = try Fixtures.load("classic-\(name).joblib")
    let rows = try #require(model.rowModel)
    let values = Fixtures.numbers(expected["instances"])
    let count = values.count / rows.form.columns
    let tensor = Tensor(name: "x", shape: [count, rows.form.columns], values: .float64(values))
    let right = try #require(try model.predict([tensor]).first?.values.doubles())
    let output = UnsafeMutableRawPointer.allocate(byteCount: 8 * count, alignment: 16)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: rows.scratchBytes(rows: count), alignment: 16)
    defer {
      output.deallocate()
      scratch.deallocate()
    }
    let isPredicted = values.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return false }
      let batch = RowBatch(rows: count, columns: rows.form.columns, values: .float64(base))
      return rows.predict(batch, into: output, scratch: scratch)
    }
    #expect(isPredicted)
    let mine = (0..<count).map { output.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    #expect(mine == right.map(\.bitPattern))
  }

  @Test("A file cut at any byte is an error", arguments: ["texts", "columns"])
  func truncations(name: String) throws {
    let bytes = try Fixtures.bytes("classic-\(name).joblib")
    for count in stride(from: 0, to: bytes.count, by: 7) {
      #expect(throws: ModelLoadError.self, "\(name) cut at \(count)") {
        _ = try ClassicRuntime().load(bytes: Bytes(bytes[..<count]), path: name, options: LoadOptions())
      }
    }
  }

  @Test("Flipped bytes give an error or another model, never a crash", arguments: names)
  func flips(name: String) throws {
    let expected = try #require(try JSONValue(parsing: try Fixtures.bytes("classic-expected.json"))[name])
    let body = Bytes("{\"instances\":".utf8) + (try #require(expected["instances"])).encoded() + [0x7d]
    let inputs = try body.withUnsafeBytes { try V1Request.decode($0) }
    let original = try JoblibContainer.open(try Fixtures.bytes("classic-\(name).joblib"))
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<150 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
          in: 0 ... .max, using: &generator)
      }
      do throws(ModelLoadError) {
        let model = try ClassicRuntime().load(bytes: bytes, path: "model", options: LoadOptions())
        for function in model.functions {
          _ = try? model.predict(PredictRequest(inputs: inputs, function: function))
        }
      } catch {
        #expect(!error.message.isEmpty, "\(name), seed \(seed)")
      }
    }
  }
}
