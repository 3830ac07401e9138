internal import Basics

/// What the trees of a forest ask of a row: each slot is one feature under one rule for missing values, or
/// one categorical test. A row is turned into one key per slot, once; the trees then only compare integers.
///
/// Slot 0 belongs to the leaves. The others are grouped by rule.
struct RowSlots: Sendable {
  /// Slots that share a rule.
  struct Group: BitwiseCopyable {
    let missing: TreeSplit.Missing
    let start: Int
    let count: Int
  }

  struct Categorical: Sendable {
    let feature: Int
    let missingGoesLeft: Bool
    let test: CategoryTest
  }

  let groups: Frozen<Group>
  /// The feature of each slot that is not categorical.
  let features: Frozen<Int32>
  let categorical: [Categorical]

  var count: Int { features.count + categorical.count }

  /// LightGBM's `kZeroThreshold`, a float32 constant.
  static let zeroThreshold = Double(1e-35 as Float)

  /// Keys of one row whose values `value` gives by feature number.
  @inline(__always)
  func fill<Coder: KeyCoder>(
    _ keys: UnsafeMutablePointer<Coder.Key>, with _: Coder.Type, _ value: (Int) -> Coder.Value
  ) {
    keys[0] = .min
    for number in 0..<groups.count {
      let group = groups[number]
      let target = keys + group.start
      let features = UnsafeBufferPointer(start: self.features.pointer + group.start, count: group.count)
      switch group.missing {
      case .right: RowSlots.fill(target, features, Coder.self, value, nan: Coder.rightmost)
      case .left: RowSlots.fill(target, features, Coder.self, value, nan: Coder.leftmost)
      case .asZero: RowSlots.fill(target, features, Coder.self, value, nan: Coder.key(0))
      case .zeroLeft: RowSlots.fillZero(target, features, Coder.self, value, missing: Coder.leftmost)
      case .zeroRight: RowSlots.fillZero(target, features, Coder.self, value, missing: Coder.rightmost)
      }
    }
    if categorical.isEmpty { return }
    for (index, slot) in categorical.enumerated() {
      let goesLeft = slot.test.goesLeft(Double(value(slot.feature)), missingGoesLeft: slot.missingGoesLeft)
      keys[features.count &+ index] = goesLeft ? Coder.leftmost : Coder.rightmost
    }
  }

  @inline(__always)
  private static func fill<Coder: KeyCoder>(
    _ target: UnsafeMutablePointer<Coder.Key>, _ features: UnsafeBufferPointer<Int32>, _: Coder.Type,
    _ value: (Int) -> Coder.Value, nan: Coder.Key
  ) {
    for index in 0..<features.count {
      let number = value(Int(features[index]))
      target[index] = number == number ? Coder.key(number) : nan
    }
  }

  @inline(__always)
  private static func fillZero<Coder: KeyCoder>(
    _ target: UnsafeMutablePointer<Coder.Key>, _ features: UnsafeBufferPointer<Int32>, _: Coder.Type,
    _ value: (Int) -> Coder.Value, missing: Coder.Key
  ) {
    for index in 0..<features.count {
      let number = value(Int(features[index]))
      let isPresent = Double(number.magnitude) > zeroThreshold
      target[index] = isPresent ? Coder.key(number) : missing
    }
  }
}

extension RowSlots {
  /// Collects the slots while trees are read; numbers are final only when all are known.
  struct Builder {
    /// A slot as a tree under construction names it.
    enum Reference: Hashable { case numeric(TreeSplit.Missing, Int), categorical(Int) }

    private struct Category: Hashable {
      let feature: Int
      let missingGoesLeft: Bool
      let test: CategoryTest
    }

    private var numeric: [TreeSplit.Missing: Set<Int>] = [:]
    private var categorical: [Category: Int] = [:]

    mutating func reference(_ split: TreeSplit) -> Reference {
      if case .categories(let test) = split.test {
        let missingGoesLeft = split.missing == .left || split.missing == .zeroLeft
        let key = Category(feature: split.feature, missingGoesLeft: missingGoesLeft, test: test)
        if let index = categorical[key] { return .categorical(index) }
        categorical[key] = categorical.count
        return .categorical(categorical.count - 1)
      }
      numeric[split.missing, default: []].insert(split.feature)
      return .numeric(split.missing, split.feature)
    }

    /// The table, and the number of each reference in it.
    func build() -> (slots: RowSlots, numbers: [Reference: Int]) {
      var groups: [Group] = []
      // Slot 0 is the leaves'.
      var slotFeatures: [Int32] = [0]
      var numbers: [Reference: Int] = [:]
      for missing in [TreeSplit.Missing.right, .left, .asZero, .zeroLeft, .zeroRight] {
        guard let features = numeric[missing]?.sorted() else { continue }
        groups.append(Group(missing: missing, start: slotFeatures.count, count: features.count))
        for feature in features {
          numbers[.numeric(missing, feature)] = slotFeatures.count
          slotFeatures.append(Int32(feature))
        }
      }
      var tests: [Categorical] = []
      for (category, index) in categorical.sorted(by: { $0.value < $1.value }) {
        tests.append(
          Categorical(
            feature: category.feature, missingGoesLeft: category.missingGoesLeft, test: category.test))
        numbers[.categorical(index)] = slotFeatures.count + index
      }
      let slots = RowSlots(
        groups: Frozen(groups), features: Frozen(slotFeatures), categorical: tests)
      return (slots, numbers)
    }
  }
}
