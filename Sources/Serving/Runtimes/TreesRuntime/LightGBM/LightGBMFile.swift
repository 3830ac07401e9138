/// What a LightGBM model file says.
struct LightGBMFile: Sendable {
  var classCount = 1
  var treesPerIteration = 1
  var featureNames: [String] = []
  /// `[min:max]`, `0:1:2` for categorical features, `none`.
  var featureInfos: [String] = []
  /// Nil for a custom objective: the sums are the answer.
  var objective: String?
  /// Random forests divide the sums by the number of iterations.
  var averagesOutput = false
  var trees: [LightGBMTree] = []
  /// The categories of pandas' categorical columns, as texts.
  var pandasCategories: [[String]] = []

  /// The texts whose positions are the codes of each categorical feature; empty where the file does not tell
  /// which feature has which.
  var categories: [Int: [String]] {
    let features = featureInfos.indices.filter { index in
      let info = featureInfos[index]
      return !info.hasPrefix("[") && info != "none"
    }
    guard features.count == pandasCategories.count else { return [:] }
    return Dictionary(zip(features, pandasCategories)) { first, _ in first }
  }
}

/// One tree: inner nodes in the order of the file, leaves numbered on their own (`~leaf` as a child).
struct LightGBMTree: Sendable {
  var leafCount = 1
  var features: [Int] = []
  var thresholds: [Double] = []
  /// Bit 0 categorical, bit 1 missing goes left, bits 2 and 3 what counts as missing: nothing, zero, NaN.
  var decisions: [Int] = []
  var left: [Int] = []
  var right: [Int] = []
  var leafValues: [Double] = []
  var categoryBoundaries: [Int] = []
  var categoryBits: [UInt32] = []
  /// Linear trees only.
  var linear: LinearLeaves?

  /// A linear function per leaf, of features by number.
  struct LinearLeaves: Sendable {
    var constants: [Double]
    /// Where each leaf's terms begin; one more at the end.
    var starts: [Int]
    var features: [Int]
    var coefficients: [Double]
  }
}
