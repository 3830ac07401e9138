/// One decision tree as a file describes it: splits, and leaves that are numbers of their own.
public struct TreeDescription: Sendable, Hashable {
  /// Split 0 is the root; none where the tree is the single leaf 0.
  public var splits: [TreeSplit]
  /// `[leaf][leafWidth]`.
  public var leafValues: [Double]

  public init(splits: [TreeSplit] = [], leafValues: [Double]) {
    self.splits = splits
    self.leafValues = leafValues
  }
}

/// An inner node: which feature it looks at and where rows go.
public struct TreeSplit: Sendable, Hashable {
  /// What sends a row to the left.
  public enum Test: Sendable, Hashable {
    /// `x < threshold`, decided exactly, whatever the rows' precision.
    case less(Double)
    /// `x <= threshold`.
    case lessOrEqual(Double)
    /// The value is (or is not) one of a set of small integers.
    case categories(CategoryTest)
  }

  /// What NaN does, and where zero counts as missing too.
  public enum Missing: Sendable, Hashable, BitwiseCopyable {
    case left
    case right
    /// NaN is compared as 0.
    case asZero
    /// Zero (within ±1e-35) and NaN are missing and go left or right: LightGBM's `zero_as_missing`.
    case zeroLeft
    case zeroRight
  }

  public var feature: Int
  public var test: Test
  public var missing: Missing
  /// A split's number, or `~leaf` (negative) for a leaf.
  public var left: Int
  public var right: Int

  public init(feature: Int, test: Test, missing: Missing = .right, left: Int, right: Int) {
    self.feature = feature
    self.test = test
    self.missing = missing
    self.left = left
    self.right = right
  }
}

/// A categorical split: a set of categories as bits, the category being the value cut to an integer.
public struct CategoryTest: Sendable, Hashable {
  /// Bit `c % 32` of word `c / 32` stands for category `c`.
  public var members: [UInt32]
  public var membersGoLeft: Bool
  /// Where set: what is in neither set (and what is negative) goes the way of missing values.
  public var others: [UInt32]?
  /// Whether values between -1 and 0 are category 0 (as a cast to `int` has it) or none.
  public var castsNegativeFractions: Bool

  public init(
    members: [UInt32], membersGoLeft: Bool, others: [UInt32]? = nil, castsNegativeFractions: Bool = false
  ) {
    self.members = members
    self.membersGoLeft = membersGoLeft
    self.others = others
    self.castsNegativeFractions = castsNegativeFractions
  }

  /// Whether a value goes left; `missingGoesLeft` decides for NaN and, where there are `others`, for unknown
  /// values.
  @inline(__always)
  func goesLeft(_ value: Double, missingGoesLeft: Bool) -> Bool {
    if value.isNaN { return missingGoesLeft }
    let isCategory = value < 2_147_483_648 && (castsNegativeFractions ? value > -1 : value >= 0)
    let category = isCategory ? Int(value) : -1
    if isCategory, CategoryTest.contains(members, category) { return membersGoLeft }
    if let others, !isCategory || !CategoryTest.contains(others, category) { return missingGoesLeft }
    return !membersGoLeft
  }

  @inline(__always)
  private static func contains(_ bits: [UInt32], _ category: Int) -> Bool {
    let word = category >> 5
    return word < bits.count && bits[word] >> UInt32(category & 31) & 1 == 1
  }
}

/// Why a tree of a file cannot be laid out: one clause, without the file's name.
public struct TreeShapeError: Error, Sendable, Hashable, CustomStringConvertible {
  public let reason: String
  public init(_ reason: String) { self.reason = reason }
  public var description: String { reason }
}
