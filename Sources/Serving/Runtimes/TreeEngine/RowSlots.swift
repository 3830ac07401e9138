internal import Basics

/// What the trees of a forest ask of a row: each slot is one feature under one rule for missing values, or one
/// categorical test. A row is turned into one key per slot, once; the trees then only compare integers.
///
/// Slot 0 belongs to the leaves. The others are grouped by rule.
struct RowSlots: Sendable {
  /// Slots that share a rule.
  struct Group: Sendable {
    let missing: TreeSplit.Missing
    let start: Int
    let features: [Int32]
  }

  struct Categorical: Sendable {
    let feature: Int
    let missingGoesLeft: Bool
    let test: CategoryTest
  }

  private(set) var groups: [Group] = []
  private(set) var categorical: [Categorical] = []
  private(set) var categoricalStart = 1

  var count: Int { categoricalStart + categorical.count }

  /// LightGBM's `kZeroThreshold`, a float32 constant.
  static let zeroThreshold = Double(1e-35 as Float)

  /// Keys of one row whose values `value` gives by feature number.
  @inline(__always)
  func fill<Coder: KeyCoder>(
    _ keys: UnsafeMutablePointer<Coder.Key>, with _: Coder.Type, _ value: (Int) -> Coder.Value
  ) {
    keys[0] = .min
    for group in groups {
      let target = keys + group.start
      group.features.withUnsafeBufferPointer { features in
        switch group.missing {
        case .right: RowSlots.fill(target, features, Coder.self, value, nan: Coder.rightmost)
        case .left: RowSlots.fill(target, features, Coder.self, value, nan: Coder.leftmost)
        case .asZero: RowSlots.fill(target, features, Coder.self, value, nan: Coder.key(0))
        case .zeroLeft: RowSlots.fillZero(target, features, Coder.self, value, missing: Coder.leftmost)
        case .zeroRight: RowSlots.fillZero(target, features, Coder.self, value, missing: Coder.rightmost)
        }
      }
    }
    for (index, slot) in categorical.enumerated() {
      let goesLeft = slot.test.goesLeft(Double(value(slot.feature)), missingGoesLeft: slot.missingGoesLeft)
      keys[categoricalStart &+ index] = goesLeft ? Coder.leftmost : Coder.rightmost
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
      var slots = RowSlots()
      var numbers: [Reference: Int] = [:]
      var next = 1
      for missing in [TreeSplit.Missing.right, .left, .asZero, .zeroLeft, .zeroRight] {
        guard let features = numeric[missing]?.sorted() else { continue }
        slots.groups.append(Group(missing: missing, start: next, features: features.map { Int32($0) }))
        for feature in features {
          numbers[.numeric(missing, feature)] = next
          next += 1
        }
      }
      slots.categoricalStart = next
      for (category, index) in categorical.sorted(by: { $0.value < $1.value }) {
        slots.categorical.append(
          Categorical(
            feature: category.feature, missingGoesLeft: category.missingGoesLeft, test: category.test))
        numbers[.categorical(index)] = next + index
      }
      return (slots, numbers)
    }
  }
}
