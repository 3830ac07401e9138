internal import Basics
internal import ClassicRuntime
internal import Formats
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import TestSupport
internal import Testing

@Suite("Ensembles in files of four scikit-learn versions")
struct EnsembleFixtureTests {
  private func expected(_ version: String) throws -> JSONValue {
    try JSONValue(parsing: try Fixtures.bytes("ensembles-\(version).json"))
  }

  @Test(
    "Each function of each file answers what scikit-learn answered, bit for bit", arguments: Fixtures.versions
  )
  func answersAreEqual(version: String) throws {
    let expected = try expected(version)
    let models = try #require(expected["models"]?.object)
    #expect(models.count >= 10)
    for (name, entry) in models {
      let model = try Fixtures.load(name)
      let functions = try #require(entry.object)
      #expect(Set(model.functions.map(\.rawValue)) == Set(functions.map(\.key)), "\(name)")
      for (function, answer) in functions {
        let request = PredictRequest(
          inputs: [Fixtures.rows(expected)], function: try #require(ModelFunction(rawValue: function)))
        let output = try #require(try model.predict(request).first, "\(name) \(function)")
        #expect(output.shape == Fixtures.numbers(answer["shape"]).map { Int($0) }, "\(name) \(function)")
        if case .strings(let labels) = output.values {
          #expect(labels == Fixtures.strings(answer["values"]), "\(name) \(function)")
        } else {
          let mine = try #require(output.values.doubles()).map(\.bitPattern)
          #expect(mine == numbers(answer["values"]).map(\.bitPattern), "\(name) \(function)")
        }
      }
    }
  }

  /// Truth values count as 0 and 1.
  private func numbers(_ value: JSONValue?) -> [Double] {
    switch value {
    case .array(let items)?: items.flatMap { numbers($0) }
    case .number(let number)?: [number.double]
    case .bool(let flag)?: [flag ? 1 : 0]
    default: []
    }
  }

  @Test("Row models answer what the general path answers", arguments: Fixtures.versions, [false, true])
  func rowModelsAreEqual(version: String, predictsProbabilities: Bool) throws {
    let expected = try expected(version)
    let rows = Fixtures.rows(expected)
    let values = try #require(rows.values.doubles())
    var compared = 0
    for (name, _) in try #require(expected["models"]?.object) {
      let model = try Fixtures.load(name, predictsProbabilities: predictsProbabilities)
      guard let rowModel = model.rowModel else { continue }
      compared += 1
      let general = try #require(try model.predict([rows]).first)
      let answer = try predict(values, rows: rows.shape[0], rowModel)
      #expect(answer == Array(try raw(general)), "\(name)")
    }
    #expect(compared >= 3)
  }

  private func predict(_ values: [Double], rows: Int, _ model: any RowModel) throws -> Bytes {
    let size = try #require(model.form.outputDatatype.byteSize) * (model.form.outputColumns ?? 1)
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: rows * size, alignment: 16)
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: model.scratchBytes(rows: rows), alignment: 16)
    defer {
      output.deallocate()
      scratch.deallocate()
    }
    let outputStart = try #require(output.baseAddress)
    let scratchStart = try #require(scratch.baseAddress)
    let isDone = values.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return false }
      let batch = RowBatch(rows: rows, columns: model.form.columns, values: .float64(start))
      return model.predict(batch, into: outputStart, scratch: scratchStart)
    }
    #expect(isDone)
    return Bytes(output)
  }

  private func raw(_ tensor: Tensor) throws -> Bytes {
    switch tensor.values {
    case .float64(let values): return values.withUnsafeBytes { Bytes($0) }
    case .int64(let values): return values.withUnsafeBytes { Bytes($0) }
    case .bool(let values): return values.map { $0 ? 1 : 0 }
    default: throw UnexpectedType()
    }
  }

  private struct UnexpectedType: Error {}

  @Test("Rows that scikit-learn refuses are left to the general path, which says why")
  func refusedRows() throws {
    let model = try Fixtures.load("boosting-1.9.1.joblib")
    let rowModel = try #require(model.rowModel)
    for value in [Double.nan, .infinity, 1e39] {
      let row = [1, 2, value, 4]
      let error = #expect(throws: PredictError.self) {
        try model.predict([Tensor(name: "x", shape: [1, 4], values: .float64(row))])
      }
      guard case .invalidInput(let message)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(message.contains(value.isNaN ? "Input X contains NaN" : "Input X contains infinity"))
      let scratch = UnsafeMutableRawBufferPointer.allocate(
        byteCount: rowModel.scratchBytes(rows: 1), alignment: 16)
      defer { scratch.deallocate() }
      let start = try #require(scratch.baseAddress)
      var output: Int64 = 0
      let isDone = row.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return true }
        return withUnsafeMutableBytes(of: &output) { bytes in
          guard let target = bytes.baseAddress else { return true }
          return rowModel.predict(
            RowBatch(rows: 1, columns: 4, values: .float64(base)), into: target, scratch: start)
        }
      }
      #expect(!isDone)
    }
  }

  @Test("Rows of another width are refused by every ensemble, and any number of empty ones")
  func rowsOfAnotherWidth() throws {
    for (name, _) in try #require(try expected("1.9.1")["models"]?.object) {
      let model = try Fixtures.load(name)
      for function in model.functions {
        let wide = Tensor(name: "x", shape: [1, 9], values: .float64([Double](repeating: 1, count: 9)))
        let empty = Tensor(name: "x", shape: [1 << 40, 0], values: .float64([]))
        for tensor in [wide, empty] {
          #expect(throws: PredictError.self, "\(name) \(function)") {
            try model.predict(PredictRequest(inputs: [tensor], function: function))
          }
        }
      }
    }
  }

  @Test("A damaged ensemble is an error or a model, never a crash")
  func damagedFiles() throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 11)
    let names = ["tree-1.1.3.pkl", "histogram-poisson-1.9.1.pkl", "one-vs-one-1.9.1.pkl", "chain-1.1.3.pkl"]
    for name in names {
      let bytes = try Fixtures.bytes(name)
      for _ in 0..<60 {
        var damaged = bytes
        for _ in 0..<3 {
          let index = Int.random(in: 0..<damaged.count, using: &generator)
          damaged[index] = UInt8.random(in: 0...255, using: &generator)
        }
        if Bool.random(using: &generator) { damaged.removeLast(Int.random(in: 1...40, using: &generator)) }
        let path = try folder.write(damaged, as: "model.pkl")
        guard let model = try? ClassicRuntime().load(path: path, options: LoadOptions()) else { continue }
        let row = Tensor(name: "x", shape: [2, 4], values: .float64([0, 1, 2, 3, 4, 5, 6, 7]))
        for function in model.functions {
          _ = try? model.predict(PredictRequest(inputs: [row], function: function))
        }
      }
    }
  }

  @Test("Boosters of other libraries are refused with what to do instead")
  func otherLibraries() throws {
    let folder = try TemporaryFolder()
    for (module, name, advice) in [
      ("xgboost.sklearn", "XGBClassifier", "save_model('model.ubj')"),
      ("lightgbm.sklearn", "LGBMClassifier", "save_model('model.txt')"),
    ] {
      let bytes = PickleBuilder.make {
        $0.global(module, name)
        $0.add(0x29)
        $0.add(0x81)
      }
      let path = try folder.write(bytes, as: "model.pkl")
      let error = #expect(throws: ModelLoadError.self) {
        _ = try ClassicRuntime().load(path: path, options: LoadOptions())
      }
      #expect(error?.code == .unsupportedEstimator)
      #expect(error?.message.contains(advice) == true)
    }
  }
}
