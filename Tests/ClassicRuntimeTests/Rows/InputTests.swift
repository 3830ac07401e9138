internal import InferenceProtocol
internal import ModelRuntime
internal import Testing

@Suite("Requests' tensors")
struct InputTests {
  private func message(_ name: String, _ inputs: [Tensor]) throws -> String {
    let model = try Fixtures.load(name)
    do {
      _ = try model.predict(inputs)
      return ""
    } catch {
      guard case .invalidInput(let text) = error else { return "not the client's fault" }
      return text
    }
  }

  private func tensor(_ shape: [Int], _ values: [Double]) -> Tensor {
    Tensor(name: "input-0", shape: shape, values: .float64(values))
  }

  @Test("A wrong number of features is said in scikit-learn's words")
  func featureCounts() throws {
    #expect(
      try message("svc-1.1.3.joblib", [tensor([1, 3], [1, 2, 3])])
        == "X has 3 features, but SVC is expecting 4 features as input.")
    #expect(
      try message("pipeline-1.5.2.joblib", [tensor([1, 5], [1, 2, 3, 4, 5])])
        == "X has 5 features, but StandardScaler is expecting 4 features as input.")
  }

  @Test("Batches without rows and tensors of other ranks are refused")
  func shapes() throws {
    #expect(
      try message("logistic-1.2.2.pkl", [tensor([0, 4], [])])
        == "Found array with 0 sample(s) (shape=(0, 4)) while a minimum of 1 is required by "
        + "LogisticRegression."
    )
    #expect(
      try message("svc-1.1.3.joblib", [tensor([4], [1, 2, 3, 4])]).hasPrefix(
        "Expected 2D array, got 1D array"))
    #expect(
      try message("svc-1.1.3.joblib", [tensor([1, 2, 2], [1, 2, 3, 4])]).hasPrefix("Found array with dim 3."))
    #expect(!(try message("svc-1.1.3.joblib", []).isEmpty))
    #expect(!(try message("svc-1.1.3.joblib", [tensor([2, 4], [1, 2, 3, 4])]).isEmpty))
    #expect(!(try message("svc-1.1.3.joblib", [tensor([Int.max, 4], [1])]).isEmpty))
  }

  @Test("NaN and infinity are refused where the version refuses them")
  func finiteness() throws {
    let withNaN = tensor([1, 4], [1, .nan, 2, 3])
    let withInfinity = tensor([1, 4], [1, .infinity, 2, 3])
    #expect(try message("svc-1.1.3.joblib", [withNaN]).hasPrefix("Input X contains NaN."))
    #expect(try message("forest-classifier-1.1.3.joblib", [withNaN]).hasPrefix("Input X contains NaN."))
    #expect(try message("forest-classifier-1.9.1.joblib", [withNaN]).isEmpty)
    #expect(
      try message("forest-classifier-1.9.1.joblib", [withInfinity])
        == "Input X contains infinity or a value too large for dtype('float32').")
    #expect(
      try message("svc-1.1.3.joblib", [withInfinity])
        == "Input X contains infinity or a value too large for dtype('float64').")
    #expect(
      try message("forest-regressor-1.1.3.joblib", [tensor([1, 4], [1e300, 1, 1, 1])]).contains("float32"))
    // A scaler passes NaN on; what follows decides.
    #expect(try message("scaler-1.5.2.joblib", [withNaN]).isEmpty)
    #expect(try message("pipeline-1.5.2.joblib", [withNaN]).hasPrefix("Input X contains NaN."))
  }

  @Test("Text is no number")
  func text() throws {
    let tensor = Tensor(name: "x", shape: [1, 4], values: .strings(["a", "b", "c", "d"]))
    #expect(try message("svc-1.1.3.joblib", [tensor]).contains("dtype='numeric' is not compatible"))
  }

  @Test("Named columns are put into the order of the training")
  func namedColumns() throws {
    let model = try Fixtures.load("pipeline-1.5.2.joblib", predictsProbabilities: true)
    let rows = tensor([2, 4], [6.8, 2.8, 4.8, 1.4, 5.0, 3.5, 1.5, 0.2])
    func column(_ name: String, _ values: [Double], _ shape: [Int]) -> Tensor {
      Tensor(name: name, shape: shape, values: .float64(values))
    }
    let columns = [
      column("petal_width", [1.4, 0.2], [2, 1]), column("sepal_length", [6.8, 5.0], [2]),
      column("petal_length", [4.8, 1.5], [2]), column("sepal_width", [2.8, 3.5], [2, 1]),
    ]
    #expect(try model.predict(columns) == model.predict([rows]))
    var wrong = columns
    wrong[0].name = "petal_breadth"
    let complaint = try message("pipeline-1.5.2.joblib", wrong)
    #expect(complaint.contains("Feature names unseen at fit time:\n- petal_breadth"))
    #expect(complaint.contains("yet now missing:\n- petal_width"))
    wrong[0].name = "sepal_length"
    #expect(try message("pipeline-1.5.2.joblib", wrong).contains("two inputs named"))
    var uneven = columns
    uneven[1] = column("sepal_length", [6.8], [1])
    #expect(try message("pipeline-1.5.2.joblib", uneven).contains("rows"))
  }

  @Test("float32 rows stay float32 through a scaler")
  func singlePrecision() throws {
    let model = try Fixtures.load("scaler-1.5.2.joblib")
    let rows = Tensor(name: "x", shape: [1, 4], values: .float32([6.8, 2.8, 4.8, 1.4]))
    #expect(try model.predict([rows]).first?.datatype == .fp32)
    let integers = Tensor(name: "x", shape: [1, 4], values: .int64([6, 2, 4, 1]))
    #expect(try model.predict([integers]).first?.datatype == .fp64)
  }

  @Test(
    "A batch of rows without features is refused whatever length it claims",
    arguments: [
      "svc-1.1.3.joblib", "logistic-1.2.2.pkl", "forest-classifier-1.1.3.joblib", "pipeline-1.5.2.joblib",
    ])
  func rowsWithoutFeatures(name: String) throws {
    #expect(try message(name, [tensor([1 << 40, 0], [])]).contains("0 feature(s)"))
  }

  @Test(
    "Unsigned integers are rows like any others",
    arguments: ["svc-1.1.3.joblib", "forest-classifier-1.1.3.joblib"])
  func unsignedIntegers(name: String) throws {
    let model = try Fixtures.load(name)
    let rows: [Double] = [7, 3, 5, 2]
    let expected = try model.predict([tensor([1, 4], rows)])
    let typed: [TensorValues] = [
      .uint64(rows.map { UInt64($0) }), .uint32(rows.map { UInt32($0) }), .int64(rows.map { Int64($0) }),
      .uint8(rows.map { UInt8($0) }),
    ]
    for values in typed {
      #expect(try model.predict([Tensor(name: "x", shape: [1, 4], values: values)]) == expected)
    }
  }
}
