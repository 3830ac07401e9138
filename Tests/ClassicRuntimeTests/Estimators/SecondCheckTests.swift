@testable internal import ClassicRuntime
internal import InferenceProtocol
internal import ModelRuntime
internal import Testing

/// Answers numbers that are told to it, whatever it is asked.
private struct Teller: Predictor {
  let identity: EstimatorIdentity
  let featureNames: [String]? = nil
  let numbers: [Double]
  let outputs = MetaAnswer.flatSpec(.fp64)
  let nanosecondsPerRow = 0.0
  let memoryBytes = 0

  var decisionOutputs: [ModelSignature.TensorSpec]? { outputs }

  init(_ numbers: [Double], columns: Int = 1) {
    self.numbers = numbers
    identity = EstimatorIdentity(className: "Teller", featureCount: columns)
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] { MetaAnswer.flat(.float64(numbers)) }
  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] { try predict(rows) }
}

@Suite("What estimators hand on among themselves is checked as scikit-learn checks it")
struct SecondCheckTests {
  private static let one = EstimatorIdentity(className: "One", featureCount: 1)
  private static let row = RowMatrix(rows: 1, columns: 1, values: .float64([1]))

  /// The words in which the client is refused.
  private func refusal(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch PredictError.invalidInput(let text) {
      return text
    } catch {
      return "\(error)"
    }
  }

  @Test("A power too large for float32 is refused by the scaler that follows, and answered without one")
  func powers() throws {
    func transformer(_ scaler: ColumnScaler?) -> PowerTransformer {
      PowerTransformer(
        identity: Self.one, featureNames: nil, method: .yeoJohnson(usesPower: true), exponents: [7],
        hasSingleExponents: false, scaler: scaler)
    }
    let scaler = ColumnScaler(
      identity: Self.one, featureNames: nil, steps: [.subtract([1]), .divide([2])],
      roundsStatisticsFirst: false)
    let single = RowMatrix(rows: 1, columns: 1, values: .float32([1e6]))
    let double = RowMatrix(rows: 1, columns: 1, values: .float64([1e6]))
    #expect(
      refusal { _ = try transformer(scaler).transform(single) }
        == "Input X contains infinity or a value too large for dtype('float32').")
    #expect(try transformer(nil).transform(single).floats() == [.infinity])
    #expect(try transformer(scaler).transform(double).doubles()[0] > 1e40)
    let missing = RowMatrix(rows: 1, columns: 1, values: .float32([.nan]))
    #expect(try transformer(scaler).transform(missing).floats()[0].isNaN)
  }

  @Test("A regressor's infinity is refused before a target's function undoes it")
  func targets() throws {
    func target(_ number: Double, allowsNaN: Bool) -> TransformedTarget {
      TransformedTarget(
        identity: Self.one, featureNames: nil, regressor: Teller([number]),
        steps: [.check(allowsNaN: allowsNaN), .function(.exp)], isFlat: true)
    }
    let infinity = "Input contains infinity or a value too large for dtype('float64')."
    #expect(refusal { _ = try target(.infinity, allowsNaN: true).predict(Self.row) } == infinity)
    #expect(refusal { _ = try target(.nan, allowsNaN: false).predict(Self.row) } == "Input contains NaN.")
    #expect(try target(.nan, allowsNaN: true).predict(Self.row)[0].values.doubles()?[0].isNaN == true)
    // What the function makes of it is not looked at.
    #expect(try target(1000, allowsNaN: false).predict(Self.row)[0].values.doubles() == [.infinity])
  }

  @Test("Isotonic calibration refuses scores that are not finite")
  func calibration() throws {
    let steps = IsotonicSteps(thresholds: [0, 1], values: [0.25, 0.75], least: 0, most: 1)
    func member(_ score: Double) -> CalibratedMember {
      CalibratedMember(
        predictor: Teller([score]), calibration: .perClass([.isotonic(steps)], places: [0]), classes: 2)
    }
    #expect(refusal { _ = try member(.nan).probabilities(Self.row) } == "Input contains NaN.")
    #expect(refusal { _ = try member(-.infinity).probabilities(Self.row) }?.contains("infinity") == true)
    #expect(try member(9).probabilities(Self.row) == [0.25, 0.75])
  }

  @Test("A kernel's overflow is refused by the centerer")
  func kernels() throws {
    let training = BoundMatrix(values: [1e200], rows: 1, columns: 1, isSingle: false)
    let kernel = PairwiseKernel(function: .polynomial(degree: 3, gamma: 1, offset: 0), rows: training)
    let components = KernelTransformer(
      identity: Self.one, featureNames: nil, kernel: kernel, center: (rows: [0], all: 0),
      matrix: FusedMatrix([1], depth: 1, width: 1))
    #expect(
      refusal { _ = try components.transform(Self.row) }
        == "Input X contains infinity or a value too large for dtype('float64').")
  }

  @Test("Rows in which nothing is known keep the first guess, and float32 rows stay float32 between steps")
  func imputation() throws {
    let two = EstimatorIdentity(className: "IterativeImputer", featureCount: 2)
    let initial = SimpleImputer(
      identity: two, featureNames: nil, missing: .nan, statistics: [.number(0.1), .number(5)],
      indicator: nil, needsReals: true, isObject: false)
    let imputer = IterativeImputer(
      identity: two, featureNames: nil, missing: .nan, initial: initial, kept: [0, 1],
      steps: [.init(feature: 1, neighbors: [0], estimator: Teller([0.7]))],
      minimum: [-.infinity, -.infinity], maximum: [.infinity, .infinity], indicator: nil)
    func imputed(_ values: TensorValues) throws -> RowMatrix {
      try imputer.transform(RowMatrix(rows: 1, columns: 2, values: values))
    }
    #expect(try imputed(.float64([.nan, .nan])).doubles() == [0.1, 5])
    #expect(try imputed(.float64([1, .nan])).doubles() == [1, 0.7])
    #expect(try imputed(.float32([1, .nan])).floats() == [1, 0.7])
  }

  @Test("Indicators beside no column at all have the rows' type, as numpy stacks them")
  func indicatorsAlone() throws {
    let identity = EstimatorIdentity(className: "SimpleImputer", featureCount: 1)
    let imputer = SimpleImputer(
      identity: identity, featureNames: nil, missing: .nan, statistics: [nil],
      indicator: MissingIndicator(
        identity: identity, featureNames: nil, missing: .nan, columns: [0], refusesNew: false),
      needsReals: true, isObject: false)
    func transformed(_ values: TensorValues) throws -> RowMatrix {
      try imputer.transform(RowMatrix(rows: 2, columns: 1, values: values))
    }
    let single = try transformed(.float32([.nan, 1]))
    #expect(single.isFloat32)
    #expect(single.floats() == [1, 0])
    #expect(try transformed(.float64([.nan, 1])).doubles() == [1, 0])
  }
}
