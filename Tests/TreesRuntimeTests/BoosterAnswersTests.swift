import InferenceProtocol
import ModelRuntime
import Testing
import TreesRuntime

@Suite struct BoosterAnswersTests {
  @Test(arguments: [
    ("binary.json", "binary"), ("binary.ubj", "binary"), ("binary.bst", "binary"), ("dart.ubj", "dart"),
    ("categorical.json", "categorical"), ("linear.bst", "linear"),
  ])
  func xgboostsAnswersAreItsOwnToTheBit(file: String, name: String) throws {
    let fixtures = try BoosterFixtures("xgboost")
    let model = try fixtures.load(file)
    let output = try model.predict([fixtures.tensor])[0]
    let answers = fixtures.answers(name).map { Float($0) }
    #expect(output.values == .float32(answers))
    #expect(output.shape == (name == "dart" ? [6, 3] : [6]))
    #expect(model.signature.platform == "xgboost")
    #expect(try rowByRow(model, fixtures.rows, Float.self) == answers)
  }

  @Test(arguments: ["binary", "multiclass", "forest", "linear"])
  func lightGBMsAnswersAreItsOwnToTheBit(name: String) throws {
    let fixtures = try BoosterFixtures("lightgbm")
    let model = try fixtures.load(name + ".bst")
    let output = try model.predict([fixtures.tensor])[0]
    #expect(output.values == .float64(fixtures.answers(name)))
    #expect(model.signature.featureNames == ["Column_0", "Column_1", "Column_2", "Column_3"])
    #expect(try rowByRow(model, fixtures.rows, Double.self) == fixtures.answers(name))
  }

  private func rowByRow<Element>(
    _ model: any LoadedModel, _ rows: [Double], _: Element.Type
  ) throws -> [Element] {
    let rowModel = try #require(model.rowModel)
    let width = rowModel.form.outputColumns ?? 1
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: rowModel.scratchBytes(rows: 1) + 16, alignment: 16)
    let output = UnsafeMutablePointer<Element>.allocate(capacity: width)
    defer {
      scratch.deallocate()
      output.deallocate()
    }
    var results: [Element] = []
    try rows.withUnsafeBufferPointer { rows in
      let base = try #require(rows.baseAddress)
      for row in 0..<(rows.count / 4) {
        let batch = RowBatch(rows: 1, columns: 4, values: .float64(base + row * 4))
        #expect(rowModel.predict(batch, into: output, scratch: scratch))
        results.append(contentsOf: UnsafeBufferPointer(start: output, count: width))
      }
    }
    return results
  }

  @Test func whatXGBoostRefusesIsRefusedInItsWords() throws {
    let fixtures = try BoosterFixtures("xgboost")
    let model = try fixtures.load("binary.ubj")
    func refusal(_ tensor: Tensor) -> String? {
      do {
        _ = try model.predict([tensor])
        return nil
      } catch {
        guard case .invalidInput(let message) = error else { return nil }
        return message
      }
    }
    let infinite = Tensor(name: "x", shape: [1, 4], values: .float64([1, .infinity, 0, 0]))
    #expect(
      refusal(infinite)
        == "Input data contains `inf` or a value too large, while `missing` is not set to `inf`")
    #expect(refusal(Tensor(name: "x", shape: [1, 4], values: .float64([1e39, 0, 0, 0]))) != nil)
    #expect(
      refusal(Tensor(name: "x", shape: [1, 5], values: .float64([1, 2, 3, 4, 5])))?
        .contains("5 columns") == true)
    #expect(refusal(Tensor(name: "x", shape: [4], values: .float64([1, 2, 3, 4]))) != nil)
    #expect(refusal(Tensor(name: "x", shape: [1, 4], values: .strings(["a", "b", "c", "d"]))) != nil)
  }

  @Test func columnsThatAreLeftOutAreMissing() throws {
    let model = try BoosterFixtures("xgboost").load("binary.json")
    let short = Tensor(name: "x", shape: [2, 2], values: .float64([1, 2, -1, 0]))
    let full = Tensor(name: "x", shape: [2, 4], values: .float64([1, 2, .nan, .nan, -1, 0, .nan, .nan]))
    #expect(try model.predict([short]) == (try model.predict([full])))
  }

  @Test func columnsByNameComeInAnyOrder() throws {
    let fixtures = try BoosterFixtures("lightgbm")
    let model = try fixtures.load("binary.bst")
    let columns = (0..<4).reversed().map { column in
      Tensor(
        name: "Column_\(column)", shape: [6],
        values: .float64((0..<6).map { fixtures.rows[$0 * 4 + column] }))
    }
    #expect(try model.predict(columns)[0].values == .float64(fixtures.answers("binary")))
    #expect(throws: PredictError.self) { try model.predict(Array(columns.prefix(3))) }
  }

  @Test func integersAndFloatsArePredictedAlike() throws {
    let model = try BoosterFixtures("xgboost").load("binary.bst")
    let values: [Int64] = [1, -2, 0, 3]
    let expected = try model.predict([
      Tensor(name: "x", shape: [1, 4], values: .float64(values.map { Double($0) }))
    ])
    for tensor in [
      TensorValues.int64(values), .int32(values.map { Int32($0) }), .float32(values.map { Float($0) }),
      .int8(values.map { Int8($0) }),
    ] {
      #expect(try model.predict([Tensor(name: "x", shape: [1, 4], values: tensor)]) == expected)
    }
  }
}
