/// What an XGBoost model file says, whichever of its formats it is in. Valid as long as the file's bytes are
/// lent.
struct XGBoostFile {
  enum Booster {
    case trees(XGBoostTrees)
    /// `[feature][output]`, then one bias per output.
    case linear([Float])
  }

  var objective: String
  /// As the user sees it (a probability, say), one for all outputs or one each.
  var baseScore: [Float]
  /// Before version 1.0, `baseScore` was transformed once on the way in.
  var isBaseScoreTransformed = false
  var featureCount: Int
  var outputCount: Int
  var booster: Booster
  /// Trees before which each iteration begins, and their number at the end; empty where unknown.
  var iterationStarts: [Int] = []
  var attributes: [String: String] = [:]
  var featureNames: [String]?
}

/// One regression tree, node by node, in the order of the file.
struct XGBoostTree {
  var left: [Int32] = []
  var right: [Int32] = []
  var features: [Int32] = []
  /// Thresholds of splits, values of leaves.
  var conditions: [Float] = []
  var defaultLeft: [Bool] = []
  /// The categories of categorical splits, as bits, by node.
  var categories: [Int: [UInt32]] = [:]
  var output = 0
  /// DART's weight.
  var weight: Float = 1
  /// Trees whose leaves hold a value for each output: `[leaf][output]`, and each node's leaf number.
  var leafVectors: [Float]?
  var leafNumbers: [Int32]?
}
