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
    private enum Reference: Hashable { case numeric(TreeSplit.Missing, Int), categorical(Int) }

    private struct Category: Hashable {
      let feature: Int
      let missingGoesLeft: Bool
      let test: CategoryTest
    }

    private static let rules: [TreeSplit.Missing] = [.right, .left, .asZero, .zeroLeft, .zeroRight]
    /// Models with more features look their references up by hashing.
    private static let maximumColumnsOfTable = 1 << 16

    private let columns: Int
    private var references: [Reference] = []
    /// Numbers in `references` by rule and feature, -1 where there is none.
    private var table: [[Int32]] = Array(repeating: [], count: rules.count)
    private var hashed: [Reference: Int32] = [:]
    private var categorical: [Category: Int32] = [:]

    init(columns: Int) { self.columns = columns }

    private static func place(_ rule: TreeSplit.Missing) -> Int {
      switch rule {
      case .right: 0
      case .left: 1
      case .asZero: 2
      case .zeroLeft: 3
      case .zeroRight: 4
      }
    }

    /// A provisional number, which `build` says the slot of.
    /// - Parameter split: one on a feature that there is.
    mutating func reference(_ split: TreeSplit) -> Int32 {
      if case .categories(let test) = split.test {
        let missingGoesLeft = split.missing == .left || split.missing == .zeroLeft
        let key = Category(feature: split.feature, missingGoesLeft: missingGoesLeft, test: test)
        if let number = categorical[key] { return number }
        let number = append(.categorical(categorical.count))
        categorical[key] = number
        return number
      }
      return numeric(split.missing, split.feature)
    }

    mutating func numeric(_ rule: TreeSplit.Missing, _ feature: Int) -> Int32 {
      guard columns <= Builder.maximumColumnsOfTable, feature < columns else {
        let reference = Reference.numeric(rule, feature)
        if let number = hashed[reference] { return number }
        let number = append(reference)
        hashed[reference] = number
        return number
      }
      let place = Builder.place(rule)
      if table[place].isEmpty { table[place] = Array(repeating: -1, count: columns) }
      if table[place][feature] >= 0 { return table[place][feature] }
      let number = append(.numeric(rule, feature))
      table[place][feature] = number
      return number
    }

    private mutating func append(_ reference: Reference) -> Int32 {
      references.append(reference)
      return Int32(truncatingIfNeeded: references.count - 1)
    }

    /// The table, and the slot of each provisional number.
    func build() -> (slots: RowSlots, numbers: [Int32]) {
      var groups: [Group] = []
      // Slot 0 is the leaves'.
      var slotFeatures: [Int32] = [0]
      var numbers = [Int32](repeating: 0, count: references.count)
      for rule in Builder.rules {
        var members: [(feature: Int, number: Int)] = []
        for (number, reference) in references.enumerated() {
          if case .numeric(rule, let feature) = reference { members.append((feature, number)) }
        }
        if members.isEmpty { continue }
        groups.append(Group(missing: rule, start: slotFeatures.count, count: members.count))
        for member in members.sorted(by: { $0.feature < $1.feature }) {
          numbers[member.number] = Int32(slotFeatures.count)
          slotFeatures.append(Int32(member.feature))
        }
      }
      var tests: [Categorical] = []
      // In the order in which they came, which is that of their numbers.
      for (category, number) in categorical.sorted(by: { $0.value < $1.value }) {
        numbers[Int(number)] = Int32(slotFeatures.count + tests.count)
        tests.append(
          Categorical(
            feature: category.feature, missingGoesLeft: category.missingGoesLeft, test: category.test))
      }
      let slots = RowSlots(
        groups: Frozen(groups), features: Frozen(slotFeatures), categorical: tests)
      return (slots, numbers)
    }
  }
}
