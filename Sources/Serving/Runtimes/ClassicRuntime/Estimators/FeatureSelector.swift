internal import InferenceProtocol
internal import ModelRuntime

/// Keeps some of the columns: `VarianceThreshold`, `SelectKBest`, `SelectFromModel`, `RFE`, …
struct FeatureSelector: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  /// Ascending.
  let kept: [Int]
  let allowsNaN: Bool

  var takesSparse: Bool { true }
  var outputColumns: Int { kept.count }
  var nanosecondsPerRow: Double { 20 + Double(identity.featureCount) }
  var memoryBytes: Int { kept.count * 8 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    switch rows.content {
    case .sparse(let sparse): try RowChecks.requireFinite(sparse.values, allowsNaN: allowsNaN, for: identity)
    default:
      if rows.isFloat32 {
        try RowChecks.requireFinite(rows.floats(), allowsNaN: allowsNaN, for: identity)
      } else {
        try RowChecks.requireFinite(rows.doubles(), allowsNaN: allowsNaN, for: identity)
      }
    }
    try RowChecks.requireShape(rows, for: identity)
    return rows.selecting(kept)
  }
}
