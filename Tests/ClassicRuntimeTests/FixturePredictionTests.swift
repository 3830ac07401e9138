internal import Formats
internal import InferenceProtocol
internal import ModelRuntime
internal import Testing

@Suite("Files of four scikit-learn versions")
struct FixturePredictionTests {
  @Test("Each file predicts what scikit-learn predicted, bit for bit", arguments: Fixtures.versions)
  func predictionsAreEqual(version: String) throws {
    let expected = try Fixtures.expected(version)
    let models = try #require(expected["models"]?.object)
    #expect(models.count > 0)
    for (name, entry) in models {
      let model = try Fixtures.load(name)
      let output = try #require(try model.predict([Fixtures.rows(expected)]).first)
      #expect(output.shape == Fixtures.numbers(entry["shape"]).map { Int($0) }, "\(name)")
      #expect(output.name == "output-0")
      if case .strings(let labels) = output.values {
        #expect(labels == Fixtures.strings(entry["predictions"]), "\(name)")
      } else {
        let numbers = try #require(output.values.doubles())
        #expect(bits(numbers) == bits(Fixtures.numbers(entry["predictions"])), "\(name)")
      }
    }
  }

  @Test("Probabilities equal scikit-learn's where the estimator has them", arguments: Fixtures.versions)
  func probabilitiesAreEqual(version: String) throws {
    let expected = try Fixtures.expected(version)
    for (name, entry) in try #require(expected["models"]?.object) {
      let outputs = try Fixtures.load(name, predictsProbabilities: true).predict([Fixtures.rows(expected)])
      guard let parts = entry["probabilities"]?.array else { continue }
      #expect(outputs.count == parts.count, "\(name)")
      for (output, part) in zip(outputs, parts) {
        let numbers = try #require(output.values.doubles())
        let right = Fixtures.numbers(part)
        if name.hasPrefix("forest") {
          #expect(bits(numbers) == bits(right), "\(name)")
        } else {
          // BLAS orders the sums of the scores differently from machine to machine.
          #expect(numbers.count == right.count)
          #expect(zip(numbers, right).allSatisfy { abs($0 - $1) <= 1e-13 }, "\(name)")
        }
      }
    }
  }

  @Test("A single row gives the same as the batch", arguments: Fixtures.versions)
  func singleRowsEqualTheBatch(version: String) throws {
    let expected = try Fixtures.expected(version)
    let rows = Fixtures.rows(expected)
    let values = try #require(rows.values.doubles())
    for (name, _) in try #require(expected["models"]?.object) {
      let model = try Fixtures.load(name)
      let batch = try #require(try model.predict([rows]).first)
      for row in 0..<rows.shape[0] {
        let single = Tensor(
          name: "x", shape: [1, 4], values: .float64(Array(values[(row * 4)..<(row * 4 + 4)])))
        let output = try #require(try model.predict([single]).first)
        let width = batch.values.count / rows.shape[0]
        #expect(
          elements(output) == Array(elements(batch)[(row * width)..<((row + 1) * width)]),
          "\(name) row \(row)")
      }
    }
  }

  @Test("The signature names inputs, outputs and feature names")
  func signatures() throws {
    let pipeline = try Fixtures.load("pipeline-1.5.2.joblib")
    #expect(
      pipeline.signature.featureNames == ["sepal_length", "sepal_width", "petal_length", "petal_width"])
    #expect(pipeline.signature.inputs.map(\.shape) == [[-1, 4]])
    #expect(pipeline.signature.outputs.map(\.datatype) == [.bytes])
    let outputs = try Fixtures.load("forest-outputs-1.5.2.pkl", predictsProbabilities: true).signature.outputs
    #expect(outputs.map(\.name) == ["output-0", "output-1"])
    #expect(pipeline.estimatedNanosecondsPerRow > 0)
    #expect(pipeline.memoryBytes > 0)
  }

  private func bits(_ numbers: [Double]) -> [UInt64] { numbers.map(\.bitPattern) }

  private func elements(_ tensor: Tensor) -> [String] {
    if case .strings(let texts) = tensor.values { return texts }
    return (tensor.values.doubles() ?? []).map { String($0.bitPattern) }
  }
}
