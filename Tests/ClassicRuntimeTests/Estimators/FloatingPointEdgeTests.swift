@testable internal import ClassicRuntime
internal import InferenceProtocol
internal import ModelRuntime
internal import Testing

@Suite("Estimators at the edges of floating point")
struct FloatingPointEdgeTests {
  @Test("In float32 sigmoids of scores below -89 are zero, and classes that are all zero are equally likely")
  func singleSigmoids() throws {
    func classifier(isSingle: Bool) -> LinearClassifier {
      LinearClassifier(
        identity: EstimatorIdentity(className: "SGDClassifier", featureCount: 1), featureNames: nil,
        classes: ClassLabels(values: .int64([0, 1, 2])), scheme: .oneVersusRest(equalWhereZero: true),
        scores: LinearScores(
          coefficients: [-95, -157, -366], intercepts: [0, 0, 0], featureCount: 1,
          hasSingleCoefficients: isSingle, hasSingleIntercepts: isSingle))
    }
    let single = RowMatrix(rows: 1, columns: 1, values: .float32([1]))
    let answer = try #require(try classifier(isSingle: true).predictProbabilities(single).first)
    let third: Float = 1 / 3
    #expect(answer.values == .float32([third, third, third]))
    let double = RowMatrix(rows: 1, columns: 1, values: .float64([1]))
    let wide = try classifier(isSingle: false).predictProbabilities(double).first?.values.doubles() ?? []
    #expect(wide.first == 1)
  }

  private func neighborhood(_ reach: Neighborhood.Reach) -> Neighborhood {
    let rows = BoundMatrix(values: [0, 0.5], rows: 2, columns: 1, isSingle: false)
    let index = NeighborIndex(
      identity: EstimatorIdentity(className: "Neighbors", featureCount: 1), metric: .manhattan, tree: nil,
      rows: rows, sortsByInsertion: false)
    return Neighborhood(index: index, reach: reach, weighsDistance: true)
  }

  private func weights(_ reach: Neighborhood.Reach, of value: Double) throws -> [Double] {
    var result: [Double] = []
    try neighborhood(reach).forEach(of: RowMatrix(rows: 1, columns: 1, values: .float64([value]))) {
      result = $1 ?? []
    }
    return result
  }

  @Test("Within a radius only a distance of zero outweighs the others; among the nearest a denormal one too")
  func weights() throws {
    #expect(try weights(.radius(1), of: .leastNonzeroMagnitude) == [.infinity, 2])
    #expect(try weights(.radius(1), of: 0) == [1, 0])
    #expect(try weights(.nearest(2), of: .leastNonzeroMagnitude) == [1, 0])
    #expect(try weights(.nearest(2), of: 0.25) == [4, 4])
  }

  @Test("A feature whose p-value is no number is never selected, wherever it stands")
  func falseDiscoveries() {
    let values: [Double] = [0.9, .nan, 0.01, 0.5, .nan, 0.02]
    #expect(FeatureRanking.falseDiscovery(values, 0.9) == [2, 5])
    #expect(FeatureRanking.falseDiscovery([.nan, .nan], 0.9) == [])
    #expect(FeatureRanking.falseDiscovery([0.8, 0.9, 0.85], 0.95) == [0, 1, 2])
  }

  @Test("A decision that is no number counts as the smallest probability")
  func decisionsOfNoNumber() {
    let calibration = PairwiseCalibration(slopes: [-1], offsets: [0])
    let values = [Double.nan].withUnsafeBufferPointer { calibration.probabilities($0, classes: 2) }
    #expect(values.allSatisfy { $0 >= 0 && $0 <= 1 } && values[0] < 1e-6 && values[1] > 0.99)
  }
}
